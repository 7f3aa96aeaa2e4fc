# How people get an account by themselves, and a code by mail.

## Accepting an invitation

invitation-title = アカウントを作成
invitation-lead = 招待されています。
invitation-for = アカウントのメールアドレスは { $email } になります。
invitation-passkey-hint = パスキーなら、指紋や顔、端末の PIN でログインできます。覚えるものはありません。
invitation-passkey = パスキーで続ける
invitation-or-password = またはパスワードで
invitation-passkey-made = パスキーは作成されました。上の内容を直せば、アカウントの準備は完了です。
invitation-dead = このリンクはすでに使われたか、古すぎるか、取り消されました。
invitation-dead-fix = アカウントを作成済みの場合はログインしてください。まだの場合は、新しいリンクを依頼してください。

## Signing up by mail

sign-up-mail-hint = 続きを行うためのリンクをメールでお送りします。
sign-up-sent-title = メールをご確認ください
sign-up-sent = { $email } にメールを送りました。続け方が書かれています。
sign-up-sent-nothing = 届きませんか。迷惑メールを確認するか、アドレスをお確かめください。
sign-up-sent-again = 別のアドレスを試す

## A code by mail

code-send = コードをメールで受け取る
code-whose = コードはこのアカウントの確認済みアドレスに送られます。
code-title = コードを入力
code-sent = 確認済みアドレスのあるアカウント { $account } が存在すれば、コードをお送りしました。このブラウザーで 10 分間有効です。
code-label = コード
code-hint = メールにある 8 桁の数字。
code-wrong = コードが正しくないか、もう使えません。確かめるか、新しいコードを受け取ってください。
code-another-way = 別の方法でログイン
code-off = このサーバーはコードをメールで送りません。
code-dead = このリンクはすでに使われたか、古すぎます。
code-dead-fix = ログイン画面で新しいコードを受け取ってください。
code-elsewhere-title = もう一方のブラウザーでこのコードを入力
code-elsewhere = コードを依頼したのとは別のブラウザーでリンクを開いています。依頼したブラウザーで次のコードを入力してください。
code-elsewhere-not-you = このコードは誰にも教えないでください。心当たりがなければ、このページを閉じてください。何も起こりません。
method-mailed-code = メールのコード

## Mails

mail-invitation-by-nobody = { $site } でアカウントを作成するよう招待されています。
mail-sign-up-subject = { $site } でアカウントを作成
mail-sign-up-text = { $site } でアカウントを作成するために、このアドレスが入力されました。次のボタンで続けてください。
mail-sign-up-button = アカウントを作成
mail-sign-up-ignore = 心当たりがなければ、このメールは無視してください。何も起こりません。
mail-exists-subject = { $site } のアカウントをすでにお持ちです
mail-exists-text = { $site } でアカウントを作成するために、このアドレスが入力されましたが、すでにアカウント { $account } があります。
mail-exists-button = ログイン
mail-exists-ignore = 心当たりがなければ、このメールは無視してください。何も変わっていません。
