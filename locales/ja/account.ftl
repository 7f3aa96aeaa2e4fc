# What people see and do in their own account, beyond how they sign in.
tab-overview = 概要
tab-profile = プロフィール

## The profile
profile-title = あなたのプロフィール
profile-hint = プロフィールの閲覧を許可したアプリに、ここの内容が渡されます。すべて空欄でもかまいません。
profile-names = ログインに使うもの
profile-username-hint = アプリがこの名前であなたを識別している場合があるため、変更できるのは管理者だけです。
profile-change-email = アドレスを変更
profile-confirmed = 確認済み
profile-unconfirmed = 未確認
profile-about = あなたについて
profile-full-name = 氏名
profile-postal = 住所
claim-given-names = 名
claim-middle-names = ミドルネーム
claim-family-names = 姓
claim-nickname = ニックネーム
claim-phone = 電話番号
claim-birthdate = 生年月日
claim-gender = 性別
claim-locale = 希望する言語
claim-time-zone = タイムゾーン
claim-picture = 画像のアドレス
claim-profile = プロフィールページのアドレス
claim-website = ウェブサイト
claim-street = 番地・町名
claim-formatted = 封筒に書く形の住所
claim-postal-code = 郵便番号
claim-city = 市区町村
claim-region = 都道府県
claim-country = 国
mistake-claim = 「{ $field }」は長すぎるか、求められた形式ではありません。
notice-profile-saved = プロフィールを保存しました。

## Another e-mail address
address-title = メールアドレスを変更
address-lead = 以後は新しいアドレスでログインし、メールもそこに届きます。新しいアドレスは未確認の扱いになります。
address-lead-mailed = 新しいアドレスにメールを送信します。メールのリンクをここで開くと、以前のアドレスと置き換わります。それまでは何も変わりません。
profile-address-waits = { $email } は確認待ちです。届いたメールのリンクを開いてください。
address-told = { $email } に変更が通知されます。
address-new = 新しいメールアドレス
address-of-directory = このアカウントのアドレスは、所属組織のディレクトリで管理されています。
notice-address-changed = メールアドレスを変更しました。
mail-moved-subject = { $site } のアカウントのメールアドレスが変更されました
mail-moved-text = { $site } のアカウント { $account } のメールアドレスが変わりました。今後このアドレスには何も届きません。
mail-moved-not-you = お心当たりがない場合、ほかの人がアカウントを使っています。すぐにユーザー名でログインし、パスワードを変更してアドレスを元に戻してください。できない場合は運営者に連絡してください。

## What happened lately
activity-title = 最近のアクティビティ
activity-hint = 身に覚えのないものがあれば、パスワードを変更し、ほかのすべてのデバイスをログアウトしてください。
activity-by-administrator = 管理者による
activity-signed-in = ログイン
activity-signed-out = ログアウト
activity-device-signed-out = デバイスがログアウトされました
activity-sign-in-refused = ログインに失敗しました
activity-others-signed-out = 複数のデバイスがログアウトされました
activity-account-made = アカウントを作成
activity-profile-changed = プロフィールを変更
activity-address-changed = メールアドレスを変更
activity-address-confirmed = メールアドレスを確認
activity-password-changed = パスワードを変更
activity-app-allowed = { $app } にアクセスを許可
activity-app-removed = { $app } のアクセスを取り消し
activity-authenticator-added = 認証アプリを設定
activity-authenticator-removed = 認証アプリをオフ
activity-passkey-added = パスキーを追加
activity-passkey-removed = パスキーを削除
activity-codes-made = 新しい復旧コードを作成
activity-account-linked = 外部アカウントを連携
activity-account-unlinked = 外部アカウントの連携を解除
activity-other = その他: { $action }

## Taking one's data along, and leaving
data-title = あなたのデータ
data-download = データをダウンロード
data-download-hint = このサーバーが保持しているあなたに関するすべての情報を JSON ファイルで取得します。パスワードと鍵は含まれません。
delete-title = アカウントを削除
delete-hint = すべてのデバイスでログアウトされ、すべてのアプリが直ちにアクセスを失います。元に戻すことはできません。
delete-confirm = 続けるには、ユーザー名を入力してください: { $username }
delete-submit = アカウントを完全に削除する
delete-wrong = ユーザー名が違います。何も削除されていません。
delete-last-administrator = このサーバーの管理者はあなただけです。先にほかの人を管理者にしてください。
deleted-title = アカウントを削除しました
deleted-lead = 利用していたアプリには、あなたの情報がまだ残っている場合があります。各アプリにお問い合わせください。
