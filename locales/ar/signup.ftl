# How people get an account by themselves, and a code by mail.

## Accepting an invitation

invitation-title = أنشئ حسابك
invitation-lead = لقد دُعيت.
invitation-for = سيكون لحسابك العنوان { $email }.
invitation-passkey-hint = بمفتاح المرور تسجّل الدخول ببصمتك أو وجهك أو رمز جهازك. لا شيء عليك حفظه.
invitation-passkey = المتابعة بمفتاح مرور
invitation-or-password = أو بكلمة مرور
invitation-passkey-made = أُنشئ مفتاح مرورك. صحّح ما في الأعلى ليكون حسابك جاهزًا.
invitation-dead = استُخدم هذا الرابط من قبل، أو أصبح قديمًا، أو سُحب.
invitation-dead-fix = إن كنت قد أنشأت حسابك فسجّل الدخول، وإلا فاطلب رابطًا آخر.

## Signing up by mail

sign-up-mail-hint = ستصلك رسالة فيها رابط للمتابعة.
sign-up-sent-title = انظر في بريدك
sign-up-sent = أرسلنا رسالة إلى { $email }، وفيها كيفية المتابعة.
sign-up-sent-nothing = لم يصل شيء؟ انظر في البريد غير المرغوب فيه، أو تحقق من العنوان.
sign-up-sent-again = تجربة عنوان آخر

## A code by mail

code-send = أرسل إليّ رمزًا بالبريد
code-whose = يُرسل الرمز إلى العنوان المؤكَّد لهذا الحساب.
code-title = أدخل رمزك
code-sent = إن كان هناك حساب { $account } بعنوان مؤكَّد، فالرمز في طريقه إليه. يصلح عشر دقائق في هذا المتصفح.
code-label = الرمز
code-hint = ثمانية أرقام، من الرسالة.
code-wrong = هذا الرمز غير صحيح أو لم يعد صالحًا. تحقق منه أو اطلب رمزًا آخر.
code-another-way = تسجيل الدخول بطريقة أخرى
code-off = هذا الخادم لا يرسل رموزًا بالبريد.
code-dead = استُخدم هذا الرابط من قبل أو أصبح قديمًا.
code-dead-fix = اطلب رمزًا آخر حيث تسجّل الدخول.
code-elsewhere-title = أدخل هذا الرمز في المتصفح الآخر
code-elsewhere = فتحت الرابط في متصفح غير الذي طلبته منه. أدخل هذا الرمز هناك:
code-elsewhere-not-you = لا تعطِ هذا الرمز لأحد. ألم تطلبه؟ أغلق هذه الصفحة ولن يحدث شيء.
method-mailed-code = رمز بالبريد

## Mails

mail-invitation-by-nobody = أنت مدعوّ إلى إنشاء حساب في { $site }.
mail-sign-up-subject = أنشئ حسابك في { $site }
mail-sign-up-text = أُعطي هذا العنوان لإنشاء حساب في { $site }. تابع بهذا الزر.
mail-sign-up-button = إنشاء حسابي
mail-sign-up-ignore = إن لم تكن أنت، فتجاهل هذه الرسالة: لن يحدث شيء من دونك.
mail-exists-subject = لديك حساب في { $site } بالفعل
mail-exists-text = أُعطي هذا العنوان لإنشاء حساب في { $site }، ولديه حساب بالفعل: { $account }.
mail-exists-button = تسجيل الدخول
mail-exists-ignore = إن لم تكن أنت، فتجاهل هذه الرسالة: لم يتغيّر شيء.
