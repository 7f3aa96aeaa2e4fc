# Devices without a browser, which a person connects by a code.

device-title = توصيل جهاز
device-code = رمز الجهاز
device-code-hint = الأحرف الثمانية التي يعرضها الجهاز، مثل
device-never-sent = اكتب فقط رمزًا يعرضه جهاز أمامك. لا سبب لدى أحد ليرسل إليك رمزًا.
device-malformed = يتكوّن الرمز من ثمانية أحرف. قارن ما كتبته بما يعرضه الجهاز.
device-not-waiting = لا يوجد جهاز ينتظر هذا الرمز، أو لم يعد ينتظره: يصلح الرمز لعشر دقائق ولمرة واحدة. قارنه بما يعرضه الجهاز، أو اجعل الجهاز يعرض رمزًا جديدًا.
device-allow-title = هل تسمح بتسجيل الدخول إلى { $app } على جهاز؟
device-compare = هل يعرض الجهاز الذي أمامك هذا الرمز؟
device-phishing = هل أرسل إليك أحد الرمز أو رابطًا إلى هذه الصفحة؟ إذن لا تسمح بذلك، وإلا فسيدخل إلى حسابك.
device-unverified = سجّل هذا التطبيق نفسه بنفسه، ولم يتحقق أحد هنا من اسمه وروابطه. لا تتابع إلا إذا كنت قد اخترته بنفسك.
device-allowed-title = تم توصيل جهازك
device-allowed = يمكنك العودة إلى جهازك. سيتابع { $app } هناك خلال بضع ثوانٍ.
device-denied-title = لم يتم توصيل جهازك
device-denied = تم إبلاغ { $app } بأنك لا تسمح بذلك.
device-close = يمكنك إغلاق هذه الصفحة.
activity-device-allowed = سُمح لجهاز بتسجيل الدخول إلى { $app }
activity-device-denied = رُفض تسجيل دخول جهاز إلى { $app }
