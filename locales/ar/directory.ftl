# Applications behind a proxy, and the directory of an organisation.

forward-auth-group = حسابك ليس من الحسابات المسموح لها باستخدام هذا التطبيق.
forward-auth-group-fix = اطلب من القائمين عليه السماح لك بالدخول، أو سجّل الخروج ثم سجّل الدخول بحساب آخر.
forward-auth-level = يتطلب هذا التطبيق طريقة لتسجيل الدخول أكثر أمانًا مما لدى حسابك.
forward-auth-level-fix = أعِدّ طريقة كهذه في صفحة حسابك، ثم عُد.
login-directory-silent = الدليل الذي يعرف كلمة مرورك لا يستجيب حاليًا. حاول مرة أخرى بعد بضع دقائق.
password-of-directory = كلمة مرور هذا الحساب محفوظة في دليل مؤسستك.
password-of-directory-fix = غيّرها حيث تغيّرها لكل ما عداه.
