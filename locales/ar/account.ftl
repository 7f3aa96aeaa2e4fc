# What people see and do in their own account, beyond how they sign in.
tab-overview = نظرة عامة
tab-profile = الملف الشخصي

## The profile
profile-title = ملفك الشخصي
profile-hint = التطبيقات التي تسمح لها برؤية ملفك الشخصي تحصل على ما يرد هنا. يمكن ترك كل شيء فارغًا.
profile-names = ما تسجّل الدخول به
profile-username-hint = قد تعرفك التطبيقات به، لذلك لا يغيّره إلا مسؤول.
profile-change-email = تغيير العنوان
profile-confirmed = مؤكَّد
profile-unconfirmed = غير مؤكَّد
profile-about = عنك
profile-full-name = الاسم الكامل
profile-postal = العنوان البريدي
claim-given-names = الاسم الأول
claim-middle-names = الاسم الأوسط
claim-family-names = اسم العائلة
claim-nickname = اللقب
claim-phone = الهاتف
claim-birthdate = تاريخ الميلاد
claim-gender = الجنس
claim-locale = اللغة المفضلة
claim-time-zone = المنطقة الزمنية
claim-picture = عنوان صورة
claim-profile = عنوان صفحة شخصية
claim-website = الموقع الإلكتروني
claim-street = الشارع
claim-formatted = العنوان كما على الرسالة
claim-postal-code = الرمز البريدي
claim-city = المدينة
claim-region = الولاية أو المنطقة
claim-country = البلد
mistake-claim = «{ $field }» أطول من اللازم أو ليس بالصيغة المطلوبة.
notice-profile-saved = حُفظ ملفك الشخصي.

## Another e-mail address
address-title = تغيير عنوان البريد الإلكتروني
address-lead = من الآن فصاعدًا تسجّل الدخول بالعنوان الجديد وتصل الرسائل إليه. ويُعدّ غير مؤكَّد.
address-lead-mailed = نرسل رسالة إلى العنوان الجديد. يحلّ محل القديم حين تفتح رابط الرسالة هنا؛ وحتى ذلك الحين لا يتغيّر شيء.
profile-address-waits = { $email } في انتظار التأكيد: افتح رابط الرسالة المرسلة إليه.
address-told = سيُبلَّغ { $email } بالتغيير.
address-new = عنوان البريد الإلكتروني الجديد
address-of-directory = عنوان هذا الحساب محفوظ في دليل مؤسستك.
notice-address-changed = تغيّر عنوان بريدك الإلكتروني.
mail-moved-subject = تغيّر عنوان البريد الإلكتروني لحسابك على { $site }
mail-moved-text = لحسابك { $account } على { $site } الآن عنوان بريد آخر. لن يصل شيء إلى هذا العنوان بعد الآن.
mail-moved-not-you = إن لم تكن أنت، فإن شخصًا آخر يملك حسابك. سجّل الدخول فورًا باسم المستخدم، وغيّر كلمة المرور وأعد عنوانك. وإن تعذّر ذلك فأخبر المشغّل.

## What happened lately
activity-title = النشاط الأخير
activity-hint = إن وجدت شيئًا لم تفعله، فغيّر كلمة المرور وسجّل الخروج من كل الأجهزة الأخرى.
activity-by-administrator = من مسؤول
activity-signed-in = تسجيل دخول
activity-signed-out = تسجيل خروج
activity-device-signed-out = سُجّل خروج جهاز
activity-sign-in-refused = فشل تسجيل دخول
activity-others-signed-out = سُجّل خروج أجهزة
activity-account-made = أُنشئ الحساب
activity-profile-changed = تغيّر الملف الشخصي
activity-address-changed = تغيّر عنوان البريد الإلكتروني
activity-address-confirmed = أُكّد عنوان البريد الإلكتروني
activity-password-changed = تغيّرت كلمة المرور
activity-app-allowed = مُنح { $app } حق الوصول
activity-app-removed = أُزيل حق وصول { $app }
activity-authenticator-added = أُعدّ تطبيق المصادقة
activity-authenticator-removed = أُوقف تطبيق المصادقة
activity-passkey-added = أُضيف مفتاح مرور
activity-passkey-removed = أُزيل مفتاح مرور
activity-codes-made = أُنشئت رموز استرداد جديدة
activity-account-linked = رُبط حساب خارجي
activity-account-unlinked = أُلغي ربط حساب خارجي
activity-other = شيء آخر: { $action }

## Taking one's data along, and leaving
data-title = بياناتك
data-download = تنزيل بياناتك
data-download-hint = كل ما يحفظه هذا الخادم عنك في ملف JSON. لا يتضمن كلمات مرور ولا مفاتيح.
delete-title = حذف حسابك
delete-hint = يُسجَّل خروجك من كل مكان، ويفقد كل تطبيق وصوله فورًا. لا يمكن التراجع عن ذلك.
delete-confirm = للمتابعة اكتب اسم المستخدم: { $username }
delete-submit = احذف حسابي نهائيًا
delete-wrong = هذا ليس اسم المستخدم الخاص بك. لم يُحذف شيء.
delete-last-administrator = أنت المسؤول الوحيد عن هذا الخادم. عيّن غيرك أولًا.
deleted-title = حُذف حسابك
deleted-lead = قد تحتفظ التطبيقات التي استخدمتها بما تعرفه عنك. اسألها.
