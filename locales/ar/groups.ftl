# Groups, and what their members need to sign in with.

scope-groups = الاطلاع على المجموعات التي تنتمي إليها
scope-groups-more = أسماؤها، مثل فريقك أو قسمك.

set-up-title = هناك شيء يجب إعداده أولًا
set-up-account = تم تسجيل الدخول باسم { $account }
set-up-two-factors = يتطلب هذا الدخول وسيلة ثانية لإثبات هويتك: تطبيق مصادقة أو مفتاح مرور. لم يُعَدّ حسابك لذلك بعد.
set-up-passkey = يتطلب هذا الدخول مفتاح مرور. لا يوجد في حسابك أي مفتاح بعد.
set-up-open = الإعداد الآن
set-up-back = تُفتح الصفحة في علامة تبويب أخرى. عند الانتهاء، عُد إلى هذه الصفحة وتابع.
