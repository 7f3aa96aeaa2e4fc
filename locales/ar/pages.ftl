# مخاطبة محايدة ومهذبة. «التطبيق» هو ما يُسجَّل الدخول إليه، و«الجهاز» هو ما يُسجَّل الدخول منه.

## The frame of every page

language = اللغة
skip-to-content = الانتقال إلى المحتوى
main-navigation = التنقل الرئيسي
account-link = الحساب
administration-link = الإدارة
sign-out = خروج
continue = متابعة

## Forms

username = اسم المستخدم
email = البريد الإلكتروني
name = الاسم
password = كلمة المرور
optional = اختياري
password-hint = الطول أفضل من التعقيد: تكفي بضع كلمات لا رابط بينها.
form-mistakes = يُرجى تصحيح ما يلي ثم إعادة المحاولة:
mistake-username = يتكون اسم المستخدم من 1 إلى 64 من الأحرف اللاتينية والأرقام والرموز . _ - +
mistake-email = يكون عنوان البريد الإلكتروني على شكل name@example.com، بأحرف ASCII وبحد أقصى 254 حرفًا.
mistake-name = يتكون الاسم من 1 إلى 128 حرفًا، دون أحرف تحكم أو أحرف تغيّر اتجاه الكتابة.
mistake-password = تتكون كلمة المرور من 8 إلى 1024 حرفًا.
username-taken = اسم المستخدم هذا مستخدَم بالفعل.
email-taken = عنوان البريد الإلكتروني هذا مستخدَم بالفعل.
too-many-attempts = محاولات كثيرة جدًا. يُرجى الانتظار { $wait } ثم إعادة المحاولة.
server-busy = الخادم مشغول. يُرجى إعادة المحاولة بعد قليل.

## Signing in

login-title = تسجيل الدخول
login-choose = اختيار حساب
login-to-application = للمتابعة إلى { $app }
login-to-account = إلى حسابك
login-continue-as = المتابعة باسم { $account }
login-or-another = أو بحساب آخر
login-username = اسم المستخدم أو البريد الإلكتروني
login-remember = تذكُّر هذا الجهاز
login-remember-hint = لا تفعّل هذا الخيار إذا كان آخرون يستخدمون الجهاز أيضًا.
login-new-here = أول مرة هنا؟ { $link }
login-wrong = اسم المستخدم وكلمة المرور غير متطابقين. يُرجى التحقق منهما وإعادة المحاولة.
login-busy = يسجّل كثيرون الدخول الآن. يُرجى إعادة المحاولة بعد قليل.

## Making an account

sign-up-title = إنشاء حساب
sign-up-submit = إنشاء الحساب
sign-up-have-account = لديك حساب بالفعل؟ { $link }

## What is said of an application

app-unverified = سجّل هذا التطبيق نفسه بنفسه، ولم يتحقق أحد هنا من اسمه وروابطه. لا تتابع إلا إذا كنت تتوقع الوصول إلى { $host }.
app-next = ستنتقل بعد ذلك إلى { $host }
app-about = حول { $app }
app-website = الموقع
app-privacy = الخصوصية
app-terms = الشروط

## Consent

consent-title = هل تسمح لتطبيق { $app }؟
consent-heading = هل تسمح لتطبيق { $app } باستخدام حسابك؟
signed-in-as = تم تسجيل دخولك باسم { $account }.
consent-not-you = لست أنت؟
consent-able = سيتمكن التطبيق من
consent-allow = السماح
consent-deny = عدم السماح
consent-take-back = يمكنك سحب هذا الإذن في أي وقت من { $link }.
consent-account-page = صفحة حسابك

## What scopes allow; the first ones continue “It will be able to”

scope-openid = معرفة أنك أنت
scope-openid-more = يحصل على معرّف لحسابك، ويعرف متى وكيف سجّلت الدخول.
scope-profile = الاطلاع على ملفك الشخصي
scope-profile-more = اسمك واسم المستخدم وسائر تفاصيل ملفك الشخصي.
scope-email = الاطلاع على بريدك الإلكتروني
scope-email-more = وما إذا كان العنوان مؤكدًا.
scope-address = الاطلاع على عنوانك البريدي
scope-address-more = العنوان البريدي في ملفك الشخصي.
scope-phone = الاطلاع على رقم هاتفك
scope-phone-more = وما إذا كان الرقم مؤكدًا.
scope-offline = البقاء على اتصال
scope-offline-more = يحتفظ بإمكانية الوصول حتى حين لا تستخدمه، إلى أن تسحبها.
scope-other = استخدام «{ $scope }»
scope-other-more = إذن يحدده التطبيق والخدمة التابعة له.

## Devices, and ways to sign in

device-browser-on-system = { $browser } على { $system }
device-unknown = جهاز غير معروف
method-password = كلمة المرور
list-separator = ،{" "}
method-one-time-code = رمز لمرة واحدة
method-security-key = مفتاح أمان
method-two-steps = خطوتان

## Times

date-time = { $day } { $month ->
    [1] يناير
    [2] فبراير
    [3] مارس
    [4] أبريل
    [5] مايو
    [6] يونيو
    [7] يوليو
    [8] أغسطس
    [9] سبتمبر
    [10] أكتوبر
    [11] نوفمبر
   *[12] ديسمبر
} { $year }، { $time } بتوقيت UTC
date-unknown = في وقت غير معروف
ago-now = الآن
ago-minutes = { $count ->
    [zero] الآن
    [one] قبل دقيقة واحدة
    [two] قبل دقيقتين
    [few] قبل { $count } دقائق
    [many] قبل { $count } دقيقة
   *[other] قبل { $count } دقيقة
}
ago-hours = { $count ->
    [zero] الآن
    [one] قبل ساعة واحدة
    [two] قبل ساعتين
    [few] قبل { $count } ساعات
    [many] قبل { $count } ساعة
   *[other] قبل { $count } ساعة
}
duration-seconds = { $count ->
    [zero] { $count } ثانية
    [one] ثانية واحدة
    [two] ثانيتين
    [few] { $count } ثوانٍ
    [many] { $count } ثانية
   *[other] { $count } ثانية
}
duration-minutes = { $count ->
    [zero] { $count } دقيقة
    [one] دقيقة واحدة
    [two] دقيقتين
    [few] { $count } دقائق
    [many] { $count } دقيقة
   *[other] { $count } دقيقة
}
duration-hours = { $count ->
    [zero] { $count } ساعة
    [one] ساعة واحدة
    [two] ساعتين
    [few] { $count } ساعات
    [many] { $count } ساعة
   *[other] { $count } ساعة
}

## One's own account

account-title = حسابك
account-devices = الأجهزة المسجَّل الدخول منها
account-devices-hint = إذا لم تتعرّف على أحد الأجهزة، فسجّل الخروج منه وغيّر كلمة المرور.
account-sign-out-device = تسجيل الخروج: { $device }
account-this-device = هذا الجهاز
session-last-used = آخر استخدام: { $when }
session-signed-in = تسجيل الدخول: { $when }، من { $ip }
session-signed-in-with = تسجيل الدخول: { $when }، من { $ip } ({ $methods })
session-ends = ينتهي: { $when }
account-sign-out-others = تسجيل الخروج من كل الأجهزة الأخرى
account-sign-out-others-hint = سيلزم تسجيل الدخول من جديد على كل الأجهزة عدا هذا الجهاز.
account-sign-out-others-submit = تسجيل الخروج من الأجهزة الأخرى
account-apps = التطبيقات المسموح لها بالوصول
account-apps-hint = ما سمحت به، وكيفية سحبه.
account-no-apps = لا شيء بعد. عندما تسجّل الدخول إلى تطبيق بهذا الحساب، سيظهر هنا.
account-app-since = منذ { $when }
account-app-open = فتح
account-app-open-name = فتح { $app }
account-app-remove = سحب الإذن
account-app-remove-name = سحب الإذن: { $app }
account-app-remove-hint = يتوقف الوصول فورًا. وفي المرة القادمة التي تستخدم فيها { $app }، سيلزم طلب إذنك من جديد.
account-change-password = تغيير كلمة المرور
account-current-password = كلمة المرور الحالية
account-new-password = كلمة المرور الجديدة
account-wrong-password = كلمة المرور الحالية غير صحيحة. لم يتغير شيء.
account-password-too-short = كلمة المرور الجديدة قصيرة جدًا. استخدم على الأقل { $count ->
    [zero] { $count } حرف
    [one] حرفًا واحدًا
    [two] حرفين
    [few] { $count } أحرف
    [many] { $count } حرفًا
   *[other] { $count } حرف
}.
account-password-too-long = كلمة المرور الجديدة طويلة جدًا. استخدم على الأكثر { $count ->
    [zero] { $count } حرف
    [one] حرفًا واحدًا
    [two] حرفين
    [few] { $count } أحرف
    [many] { $count } حرفًا
   *[other] { $count } حرف
}.
notice-session-ended = تم تسجيل الخروج من ذلك الجهاز.
notice-others-ended = تم تسجيل الخروج من كل أجهزتك الأخرى.
notice-app-revoked = لم يعد بإمكان التطبيق الوصول إلى حسابك.
notice-password-changed = تم تغيير كلمة المرور. تم تسجيل الخروج من كل أجهزتك الأخرى.

## Signing out

logout-title = تسجيل الخروج
logout-question = هل تريد تسجيل الخروج؟
logout-asked-by = يطلب { $app } تسجيل خروجك من { $product }.
logout-here = سيتم تسجيل خروجك من { $product } على هذا الجهاز.
logout-stay = البقاء مسجَّلًا
signed-out-title = تم تسجيل الخروج
signed-out-heading = تم تسجيل خروجك
signed-out-hint = إذا كان آخرون يستخدمون هذا الجهاز أيضًا، فأغلق المتصفح كذلك.
signed-out-back = العودة إلى { $app }
signed-out-again = تسجيل الدخول من جديد
signing-out-title = جارٍ تسجيل الخروج
signing-out-apps = { $count ->
    [zero] لا يلزم تسجيل الخروج من أي تطبيق آخر.
    [one] يجري أيضًا تسجيل خروجك من تطبيق واحد:
    [two] يجري أيضًا تسجيل خروجك من هذين التطبيقين:
    [few] يجري أيضًا تسجيل خروجك من هذه التطبيقات:
    [many] يجري أيضًا تسجيل خروجك من هذه التطبيقات:
   *[other] يجري أيضًا تسجيل خروجك من هذه التطبيقات:
}
signing-out-frame = تسجيل الخروج من { $app }

## On the way back to an application

form-post-title = العودة إلى { $host }
form-post-heading = جارٍ العودة إلى { $host }
form-post-moment = يستغرق هذا لحظة.

## The first administrator

setup-title = الإعداد
setup-heading = إنشاء حساب المسؤول
setup-lead = يدير هذا الحساب التطبيقات والمستخدمين. الرابط الذي أوصلك إلى هنا يعمل مرة واحدة فقط.
setup-submit = إنشاء حساب المسؤول
setup-done-title = جاهز
setup-done-heading = أصبح { $product } جاهزًا
setup-done-lead = { $account } هو المسؤول. الخطوة التالية هي تسجيل أول تطبيق.
setup-done-register = تسجيل تطبيق
setup-done-look = إلقاء نظرة أولًا
