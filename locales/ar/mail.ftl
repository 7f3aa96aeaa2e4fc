# مخاطبة محايدة ومهذبة.

## What stands in all of them

mail-copy-link = إذا لم يعمل الزر، يُرجى نسخ هذا العنوان إلى المتصفح:
mail-footer = أُرسلت هذه الرسالة تلقائيًا من { $site }. لا تُقرأ الردود عليها.
mail-works-minutes = صالح للاستخدام مرة واحدة خلال { $count ->
        [zero] { $count } دقيقة
        [one] دقيقة واحدة
        [two] دقيقتين
        [few] { $count } دقائق
        [many] { $count } دقيقة
       *[other] { $count } دقيقة
    }.
mail-works-hours = صالح للاستخدام مرة واحدة خلال { $count ->
        [zero] { $count } ساعة
        [one] ساعة واحدة
        [two] ساعتين
        [few] { $count } ساعات
        [many] { $count } ساعة
       *[other] { $count } ساعة
    }.
mail-works-days = صالح للاستخدام مرة واحدة خلال { $count ->
        [zero] { $count } يوم
        [one] يوم واحد
        [two] يومين
        [few] { $count } أيام
        [many] { $count } يومًا
       *[other] { $count } يوم
    }.
mail-time = الوقت
mail-device = الجهاز
mail-address = عنوان IP

## Confirming an address

mail-verify-subject = تأكيد عنوان بريدك الإلكتروني لدى { $site }
mail-verify-text = أُدخل هذا العنوان للحساب { $account } لدى { $site }. إذا كان هذا حسابك، فيُرجى تأكيد أن العنوان لك.
mail-verify-button = تأكيد هذا العنوان
mail-verify-ignore = إذا لم يكن هذا الحساب معروفًا لديك، فيُرجى تجاهل هذه الرسالة: لن يحدث شيء من دونك.

## A forgotten password

mail-reset-subject = اختيار كلمة مرور جديدة لدى { $site }
mail-reset-text = طلب أحدهم كلمة مرور جديدة لحسابك { $account } لدى { $site }.
mail-reset-button = اختيار كلمة مرور جديدة
mail-reset-ignore = إذا لم تكن أنت من طلبها، فيُرجى تجاهل هذه الرسالة: تبقى كلمة مرورك كما هي.

## A code and a link to sign in with

mail-code-subject = رمز تسجيل دخولك إلى { $site }
mail-code-text = يُرجى إدخال هذا الرمز لتسجيل الدخول إلى { $site }:
mail-code-link = أو يمكن تسجيل الدخول بهذا الزر، في المتصفح الذي طُلب منه الرمز.
mail-code-button = تسجيل الدخول
mail-code-ignore = لا تُطلع أحدًا على هذا الرمز: من يسألك عنه يريد الدخول إلى حسابك. إذا لم تطلبه، فيُرجى تجاهل هذه الرسالة.

## The password was changed

mail-password-subject = تغيّرت كلمة مرورك لدى { $site }
mail-password-text = تغيّرت كلمة مرور حسابك { $account } لدى { $site }.
mail-password-not-you = إذا لم تكن أنت من غيّرها، فحسابك في يد شخص آخر. يُرجى اختيار كلمة مرور جديدة فورًا.
mail-password-button = اختيار كلمة مرور جديدة

## A passkey was added

mail-passkey-subject = أُضيف مفتاح مرور إلى حسابك لدى { $site }
mail-passkey-text = أُضيف مفتاح المرور «{ $passkey }» إلى حسابك { $account } لدى { $site }. يمكن لمن يملكه تسجيل الدخول.
mail-passkey-not-you = إذا لم تكن أنت من أضافه، فحسابك في يد شخص آخر. يُرجى إزالة مفتاح المرور وتغيير كلمة المرور فورًا.
mail-passkey-button = عرض حسابي

## An invitation

mail-invitation-subject = دعوة إلى { $site }
mail-invitation-text = يدعوك { $inviter } إلى إنشاء حساب لدى { $site }.
mail-invitation-button = قبول الدعوة
mail-invitation-ignore = إذا لم يكن المرسل معروفًا لديك، فيُرجى تجاهل هذه الرسالة.

## A sign-in on a new device

mail-sign-in-subject = تسجيل دخول جديد إلى حسابك لدى { $site }
mail-sign-in-text = سُجّل الدخول إلى حسابك { $account } لدى { $site } من جهاز جديد بالنسبة إلينا.
mail-sign-in-you = إذا كنت أنت، فلا حاجة إلى أي إجراء.
mail-sign-in-not-you = إذا لم تكن أنت، فهناك من يعرف كلمة مرورك. يُرجى تسجيل خروج ذلك الجهاز وتغيير كلمة المرور فورًا.
mail-sign-in-button = عرض حسابي

## تغيّرت طريقة تسجيل الدخول

mail-app-added-subject = أُعدّ تطبيق مصادقة لحسابك لدى { $site }
mail-app-added-text = يطلب تسجيل الدخول إلى حسابك { $account } لدى { $site } من الآن رمزًا من تطبيق مصادقة أُعدّ للتو. وهناك رموز استرداد جديدة أيضًا.
mail-app-removed-subject = أُوقف تطبيق المصادقة لحسابك لدى { $site }
mail-app-removed-text = لم يعد لحسابك { $account } لدى { $site } تطبيق مصادقة، ولم تعد رموز استرداده صالحة.
mail-codes-made-subject = رموز استرداد جديدة لحسابك لدى { $site }
mail-codes-made-text = أُنشئت رموز استرداد جديدة لحسابك { $account } لدى { $site }. لم تعد الرموز القديمة صالحة.
mail-code-used-subject = استُخدم رمز استرداد لحسابك لدى { $site }
mail-code-used-text = استُخدم رمز استرداد بدلًا من تطبيق المصادقة لتسجيل الدخول إلى حسابك { $account } لدى { $site }.
mail-passkey-removed-subject = أُزيل مفتاح مرور من حسابك لدى { $site }
mail-passkey-removed-text = أُزيل مفتاح المرور «{ $passkey }» من حسابك { $account } لدى { $site }.
mail-linked-subject = رُبط حسابك لدى { $site } مع { $provider }
mail-linked-text = رُبط الحساب «{ $label }» لدى { $provider } بحسابك { $account } لدى { $site }. يمكن لمن يملكه تسجيل الدخول.
mail-unlinked-subject = لم يعد حسابك لدى { $site } مرتبطًا مع { $provider }
mail-unlinked-text = لم يعد بالإمكان تسجيل الدخول إلى حسابك { $account } لدى { $site } بالحساب «{ $label }» لدى { $provider }.
mail-change-not-you = إذا كنت أنت، فلا حاجة إلى فعل شيء. وإلا فحسابك في يد شخص آخر: يُرجى التراجع عن التغيير وتغيير كلمة المرور فورًا.

## A wrong second step, and the end of an account

mail-second-refused-subject = توقّف تسجيل دخول إلى حسابك في { $site } عند الخطوة الثانية
mail-second-refused-text = أُدخلت كلمة المرور الصحيحة لحسابك { $account } في { $site } ثم رمز خاطئ. لم يسجّل أحد الدخول.
mail-second-refused-not-you = إن لم تكن أنت، فثمة من يعرف كلمة مرورك. اختر كلمة جديدة فورًا.
mail-deleted-subject = حُذف حسابك في { $site }
mail-deleted-text = حُذف حسابك { $account } في { $site }. هذه آخر رسالة بشأنه.
mail-deleted-not-you = إن لم تكن تريد ذلك، فأبلغ المشغّل فورًا.
mail-deleted-button = الانتقال إلى { $site }
