# です・ます調。

## What stands in all of them

mail-copy-link = ボタンが動作しない場合は、このアドレスをブラウザーにコピーしてください。
mail-footer = このメッセージは { $site } から自動的に送信されました。返信は読まれません。
mail-works-minutes = 有効期間は { $count } 分で、一度だけ使えます。
mail-works-hours = 有効期間は { $count } 時間で、一度だけ使えます。
mail-works-days = 有効期間は { $count } 日間で、一度だけ使えます。
mail-time = 日時
mail-device = 端末
mail-address = IP アドレス

## Confirming an address

mail-verify-subject = { $site } で使うメールアドレスを確認してください
mail-verify-text = このアドレスは { $site } のアカウント { $account } に登録されました。ご自身のアカウントであれば、アドレスの所有者であることを確認してください。
mail-verify-button = このアドレスを確認する
mail-verify-ignore = このアカウントに心当たりがなければ、このメッセージは無視してください。何も起こりません。

## A forgotten password

mail-reset-subject = { $site } の新しいパスワードを設定してください
mail-reset-text = { $site } のアカウント { $account } について、新しいパスワードの設定が求められました。
mail-reset-button = 新しいパスワードを設定する
mail-reset-ignore = ご自身の操作でなければ、このメッセージは無視してください。パスワードは変わりません。

## A code and a link to sign in with

mail-code-subject = { $site } へのログインコード
mail-code-text = { $site } にログインするには、このコードを入力してください。
mail-code-link = または、コードを求めたブラウザーで、このボタンからログインしてください。
mail-code-button = ログイン
mail-code-ignore = このコードはだれにも教えないでください。尋ねてくる人は、あなたのアカウントに入ろうとしています。心当たりがなければ、このメッセージは無視してください。

## The password was changed

mail-password-subject = { $site } のパスワードが変更されました
mail-password-text = { $site } のアカウント { $account } のパスワードが変更されました。
mail-password-not-you = ご自身の操作でなければ、ほかの人がアカウントを使っています。すぐに新しいパスワードを設定してください。
mail-password-button = 新しいパスワードを設定する

## A passkey was added

mail-passkey-subject = { $site } のアカウントにパスキーが追加されました
mail-passkey-text = { $site } のアカウント { $account } にパスキー「{ $passkey }」が追加されました。これを持つ人はログインできます。
mail-passkey-not-you = ご自身の操作でなければ、ほかの人がアカウントを使っています。すぐにパスキーを削除し、パスワードを変更してください。
mail-passkey-button = アカウントを見る

## An invitation

mail-invitation-subject = { $site } への招待
mail-invitation-text = { $inviter } さんから、{ $site } にアカウントを作成するよう招待されています。
mail-invitation-button = 招待を受ける
mail-invitation-ignore = 心当たりのない人からであれば、このメッセージは無視してください。

## A sign-in on a new device

mail-sign-in-subject = { $site } のアカウントへの新しいログイン
mail-sign-in-text = { $site } のアカウント { $account } に、これまで使われたことのない端末からログインがありました。
mail-sign-in-you = ご自身のログインであれば、何もする必要はありません。
mail-sign-in-not-you = ご自身のログインでなければ、ほかの人がパスワードを知っています。すぐにその端末をログアウトさせ、パスワードを変更してください。
mail-sign-in-button = アカウントを見る

## ログイン方法の変更

mail-app-added-subject = { $site } のアカウントに認証アプリが設定されました
mail-app-added-text = { $site } のアカウント { $account } へのログインでは、設定されたばかりの認証アプリのコードが必要になりました。新しいリカバリーコードも作成されました。
mail-app-removed-subject = { $site } のアカウントの認証アプリがオフになりました
mail-app-removed-text = { $site } のアカウント { $account } の認証アプリがオフになり、リカバリーコードも使えなくなりました。
mail-codes-made-subject = { $site } のアカウントのリカバリーコードが新しくなりました
mail-codes-made-text = { $site } のアカウント { $account } に新しいリカバリーコードが作成されました。以前のコードは使えません。
mail-code-used-subject = { $site } のアカウントのリカバリーコードが使われました
mail-code-used-text = { $site } のアカウント { $account } へのログインで、認証アプリの代わりにリカバリーコードが使われました。
mail-passkey-removed-subject = { $site } のアカウントからパスキーが削除されました
mail-passkey-removed-text = { $site } のアカウント { $account } からパスキー「{ $passkey }」が削除されました。
mail-linked-subject = { $site } のアカウントが { $provider } とリンクされました
mail-linked-text = { $provider } のアカウント「{ $label }」が { $site } のアカウント { $account } とリンクされました。これを持つ人はログインできます。
mail-unlinked-subject = { $site } のアカウントと { $provider } のリンクが解除されました
mail-unlinked-text = { $provider } のアカウント「{ $label }」では、{ $site } のアカウント { $account } にログインできなくなりました。
mail-change-not-you = ご自身の操作であれば、何もする必要はありません。そうでなければ、ほかの人がアカウントを使っています。すぐに変更を元に戻し、パスワードを変更してください。

## A wrong second step, and the end of an account

mail-second-refused-subject = { $site } のアカウントへのログインが 2 番目のステップで止まりました
mail-second-refused-text = { $site } のアカウント { $account } に正しいパスワードが入力された後、誤ったコードが入力されました。ログインは行われていません。
mail-second-refused-not-you = お心当たりがない場合は、ほかの人がパスワードを知っています。すぐに新しいパスワードを設定してください。
mail-deleted-subject = { $site } のアカウントが削除されました
mail-deleted-text = { $site } のアカウント { $account } が削除されました。これが最後のお知らせです。
mail-deleted-not-you = お心当たりがない場合は、すぐに運営者へご連絡ください。
mail-deleted-button = { $site } を開く
