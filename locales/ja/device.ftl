# Devices without a browser, which a person connects by a code.

device-title = 端末を接続
device-code = 端末のコード
device-code-hint = 端末に表示されている 8 文字の英字。例：
device-never-sent = 手元の端末に表示されているコードだけを入力してください。コードが他人から送られてくる理由はありません。
device-malformed = コードは 8 文字の英字です。端末の表示と見比べてください。
device-not-waiting = このコードを待っている端末はありません。コードは 10 分間、1 回だけ有効です。端末の表示と見比べるか、端末で新しいコードを表示してください。
device-allow-title = 端末で { $app } にログインしますか？
device-compare = 手元の端末にこのコードが表示されていますか？
device-phishing = コードやこのページへのリンクを誰かから受け取りましたか？その場合は許可しないでください。その人にアカウントへ入られてしまいます。
device-unverified = このアプリは自身で登録を行ったもので、名前やリンクは確認されていません。ご自身で選んだ場合にのみ続けてください。
device-allowed-title = 端末を接続しました
device-allowed = 端末に戻ってください。数秒後に { $app } が続行します。
device-denied-title = 端末は接続されていません
device-denied = 許可されなかったことが { $app } に伝わります。
device-close = このページは閉じてかまいません。
activity-device-allowed = 端末での { $app } へのログインを許可
activity-device-denied = 端末での { $app } へのログインを拒否
