# How people sign in: the second step, passkeys, the authenticator app, recovery codes.

second-title = خطوة واحدة بعد
second-account = للتأكد من أنك { $account }
second-code = الرمز من تطبيق المصادقة
second-code-hint = ستة أرقام.
second-recovery-hint = هاتفك ليس معك؟ يكفي أحد رموز الاسترداد.
second-or = أو
second-no-passkey = يلزم هنا مفتاح مرور، وليس لحسابك أي مفتاح.
second-wrong = هذا الرمز غير صحيح أو سبق استخدامه. انتظر الرمز التالي ثم حاول مرة أخرى.
passkey-use = استخدام مفتاح مرور
passkey-failed = لم تنجح العملية. حاول مرة أخرى أو سجّل الدخول بطريقة أخرى.
methods-title = طرق تسجيل دخولك
methods-hint = مفاتيح المرور وتطبيق المصادقة ورموز الاسترداد.
methods-manage = إدارة
methods-passkeys = مفاتيح المرور
methods-passkeys-hint = سجّل الدخول ببصمتك أو وجهك أو رمز PIN لجهازك. لا يمكن لأي موقع آخر أن يطلبه منك.
methods-no-host = ليس لهذا الخادم اسم مضيف، بل عنوان فقط، والمتصفحات لا تدعم مفاتيح المرور في هذه الحالة.
methods-none = لا يوجد بعد.
methods-added = أُضيف { $when }
methods-last-used = آخر استخدام { $when }
methods-rename = إعادة التسمية
methods-new-name = الاسم الجديد
methods-save = حفظ
methods-remove = إزالة
methods-remove-hint = لن يفتح هذا الحساب بعد الآن. أزِله من جهازك أيضًا.
methods-remove-passkey = إزالة مفتاح المرور
methods-add-passkey = إضافة مفتاح مرور
methods-app = تطبيق المصادقة
methods-app-hint = رمز من تطبيق على هاتفك يُطلب بعد كلمة المرور.
methods-on = مفعّل
methods-since = منذ { $when }
methods-replace = استبدال
methods-turn-off = إيقاف
methods-turn-off-hint = ستكفي كلمة المرور وحدها، وستتوقف رموز الاسترداد عن العمل.
methods-off = متوقف. كلمة المرور وحدها تفتح حسابك.
methods-set-up = إعداد
methods-codes = رموز الاسترداد
methods-codes-left = { $count ->
     [0] لم يبقَ أي رمز.
     [one] بقي رمز واحد.
     [two] بقي رمزان.
     [few] بقيت { $count } رموز.
     [many] بقي { $count } رمزًا.
    *[other] بقي { $count } رمز.
}
methods-codes-hint = يفتح كل منها حسابك مرة واحدة عند فقدان التطبيق.
methods-new-codes = رموز جديدة
methods-new-codes-hint = ستتوقف الرموز التي لديك عن العمل.
methods-make-codes = إنشاء رموز جديدة
methods-has-password = لديك كلمة مرور.
methods-change-it = تغييرها
methods-no-password = ليس لحسابك كلمة مرور.
app-title = إعداد تطبيق المصادقة
app-scan = امسح هذا بتطبيق المصادقة.
app-qr = رمز QR لتطبيق المصادقة
app-on-this-phone = على هذا الهاتف؟ { $link }
app-open = افتح التطبيق
app-type-in = أو اكتب هذا المفتاح:
app-code = الرمز الذي يعرضه
app-turn-on = تفعيل
app-wrong = ليس هذا هو الرمز الذي يعرضه التطبيق الآن. تحقق من ساعة هاتفك ثم جرّب الرمز التالي.
codes-title = رموز الاسترداد الخاصة بك
codes-lead = احفظها مع أوراقك المهمة. لا تعرضها هذه الصفحة إلا مرة واحدة.
codes-hint = يفتح كل منها حسابك مرة واحدة بدلًا من رمز التطبيق عند فقدان هاتفك.
codes-kept = لقد حفظتها
new-passkey-lead = سيطلب متصفحك بصمتك أو وجهك أو رمز PIN، ولن يغادر ذلك جهازك.
new-passkey-scripts = يحتاج مفتاح المرور إلى متصفح مفعّلة فيه البرامج النصية.
new-passkey-failed = لم تنجح العملية. ربما لهذا الجهاز مفتاح مرور لهذا الحساب بالفعل.
new-passkey-name-hint = للتمييز بين مفاتيح المرور لديك.
new-passkey-make = إنشاء مفتاح مرور
notice-app-removed = تم إيقاف تطبيق المصادقة.
notice-passkey-added = تمت إضافة مفتاح المرور. يمكنك تسجيل الدخول به من الآن.
notice-passkey-renamed = أصبح لمفتاح المرور اسمه الجديد.
notice-passkey-removed = تمت إزالة مفتاح المرور.
app-none = ليس لحسابك تطبيق مصادقة.
codes-without-app = رموز الاسترداد تُستخدم مع تطبيق مصادقة، وليس لحسابك واحد.
passkey-not-added-title = لم يُضَف مفتاح المرور هذا
passkey-not-added = إنه موجود بالفعل، أو بلغ حسابك الحد الأقصى.
passkey-not-added-fix = أزِل مفتاحًا لم تعد تستخدمه.
passkey-name-title = يحتاج مفتاح المرور إلى اسم
passkey-name = الاسم فارغ أو أطول من 60 حرفًا.
passkey-name-fix = عُد واختر اسمًا آخر.
only-way-title = هذه طريقتك الوحيدة لتسجيل الدخول
only-way = ليس لحسابك كلمة مرور ولا حساب مرتبط، وهذا مفتاح مروره الوحيد.
only-way-fix = أضِف مفتاح مرور آخر أولًا.
no-such-passkey = ليس لديك مفتاح المرور هذا، أو أُزيل بالفعل.
