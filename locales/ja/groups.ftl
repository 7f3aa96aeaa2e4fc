# Groups, and what their members need to sign in with.

scope-groups = 所属グループの閲覧
scope-groups-more = チームや部署などのグループ名です。

set-up-title = 先に設定が必要です
set-up-account = { $account } としてログイン中
set-up-two-factors = このログインには、本人確認の二つ目の手段として認証アプリまたはパスキーが必要です。お使いのアカウントにはまだ設定されていません。
set-up-passkey = このログインにはパスキーが必要です。お使いのアカウントにはまだありません。
set-up-open = 設定する
set-up-back = 別のタブで開きます。終わったらこのページに戻って続けてください。
