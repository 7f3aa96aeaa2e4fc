# です・ます調。「アプリ」はログイン先、「端末」はログイン元。

## The frame of every page

language = 言語
skip-to-content = 本文へ移動
main-navigation = メインナビゲーション
account-link = アカウント
administration-link = 管理
sign-out = ログアウト
continue = 続ける

## Forms

username = ユーザー名
email = メールアドレス
name = 名前
password = パスワード
optional = 任意
password-hint = 複雑さより長さが大切です。関連のない単語をいくつか並べるとよいでしょう。
form-mistakes = 次の点を修正して、もう一度お試しください。
mistake-username = ユーザー名は 1～64 文字で、英字、数字、. _ - + を使用できます。
mistake-email = メールアドレスは name@example.com のような形式で、ASCII 文字のみ、254 文字以内です。
mistake-name = 名前は 1～128 文字で、制御文字や書字方向を変える文字は使用できません。
mistake-password = パスワードは 8～1024 文字です。
username-taken = このユーザー名はすでに使用されています。
email-taken = このメールアドレスはすでに使用されています。
too-many-attempts = 試行回数が多すぎます。{ $wait }待ってから、もう一度お試しください。
server-busy = サーバーが混み合っています。しばらくしてから、もう一度お試しください。

## Signing in

login-title = ログイン
login-choose = アカウントの選択
login-to-application = { $app } に進みます
login-to-account = ご自分のアカウントに進みます
login-continue-as = { $account } として続ける
login-or-another = または別のアカウントでログイン
login-username = ユーザー名またはメールアドレス
login-remember = この端末でログインしたままにする
login-remember-hint = ほかの人も使う端末では、オフのままにしてください。
login-new-here = 初めての方は { $link }
login-wrong = ユーザー名とパスワードの組み合わせが正しくありません。両方を確認して、もう一度お試しください。
login-busy = ただいまログインが混み合っています。しばらくしてから、もう一度お試しください。

## Making an account

sign-up-title = アカウントの作成
sign-up-submit = アカウントを作成
sign-up-have-account = アカウントをお持ちの方は { $link }

## What is said of an application

app-unverified = このアプリは自身で登録を行ったもので、名前やリンクは確認されていません。移動先が { $host } で間違いない場合にのみ続けてください。
app-next = 次の移動先：{ $host }
app-about = { $app } について
app-website = ウェブサイト
app-privacy = プライバシー
app-terms = 利用規約

## Consent

consent-title = { $app } を許可しますか？
consent-heading = { $app } にアカウントの利用を許可しますか？
signed-in-as = { $account } としてログインしています。
consent-not-you = 別の方ですか？
consent-able = 許可すると、アプリは次のことができます
consent-allow = 許可する
consent-deny = 許可しない
consent-take-back = この許可は、{ $link }でいつでも取り消せます。
consent-account-page = アカウントページ

## What scopes allow; the first ones continue “It will be able to”

scope-openid = ご本人であることの確認
scope-openid-more = アカウントの識別子と、ログインした日時および方法がアプリに伝わります。
scope-profile = プロフィールの閲覧
scope-profile-more = 名前、ユーザー名、そのほかのプロフィール情報。
scope-email = メールアドレスの閲覧
scope-email-more = アドレスが確認済みかどうかも含みます。
scope-address = 住所の閲覧
scope-address-more = プロフィールにある住所。
scope-phone = 電話番号の閲覧
scope-phone-more = 番号が確認済みかどうかも含みます。
scope-offline = 接続の維持
scope-offline-more = アプリを使っていない間も、取り消すまでアクセスが続きます。
scope-other = 「{ $scope }」の利用
scope-other-more = アプリとそのサービスが定めた権限。

## Devices, and ways to sign in

device-browser-on-system = { $browser }（{ $system }）
device-unknown = 不明な端末
method-password = パスワード
list-separator = 、
method-one-time-code = ワンタイムコード
method-security-key = セキュリティキー
method-two-steps = 2 段階認証

## Times

date-time = { $year }年{ $month }月{ $day }日 { $time } UTC
date-unknown = 日時不明
ago-now = たった今
ago-minutes = { $count } 分前
ago-hours = { $count } 時間前
duration-seconds = { $count } 秒
duration-minutes = { $count } 分
duration-hours = { $count } 時間

## One's own account

account-title = アカウント
account-devices = ログイン中の端末
account-devices-hint = 心当たりのない端末がある場合は、その端末をログアウトし、パスワードを変更してください。
account-sign-out-device = ログアウト：{ $device }
account-this-device = この端末
session-last-used = 最終利用：{ $when }
session-signed-in = ログイン：{ $when }、{ $ip } から
session-signed-in-with = ログイン：{ $when }、{ $ip } から（{ $methods }）
session-ends = 期限：{ $when }
account-sign-out-others = ほかの端末をすべてログアウト
account-sign-out-others-hint = この端末以外のすべての端末で、再度ログインが必要になります。
account-sign-out-others-submit = ほかの端末をログアウト
account-apps = アクセスを許可したアプリ
account-apps-hint = 許可した内容の確認と取り消しができます。
account-no-apps = まだありません。このアカウントでアプリにログインすると、ここに表示されます。
account-app-since = 許可した日時：{ $when }
account-app-open = 開く
account-app-open-name = { $app } を開く
account-app-remove = アクセスを取り消す
account-app-remove-name = アクセスを取り消す：{ $app }
account-app-remove-hint = アクセスはすぐに停止します。次に { $app } を利用するときは、改めて許可が必要です。
account-change-password = パスワードの変更
account-current-password = 現在のパスワード
account-new-password = 新しいパスワード
account-wrong-password = 現在のパスワードが正しくありません。何も変更されていません。
account-password-too-short = 新しいパスワードが短すぎます。{ $count } 文字以上にしてください。
account-password-too-long = 新しいパスワードが長すぎます。{ $count } 文字以内にしてください。
notice-session-ended = その端末をログアウトしました。
notice-others-ended = ほかの端末をすべてログアウトしました。
notice-app-revoked = アプリはアカウントにアクセスできなくなりました。
notice-password-changed = パスワードを変更しました。ほかの端末をすべてログアウトしました。

## Signing out

logout-title = ログアウト
logout-question = ログアウトしますか？
logout-asked-by = { $app } が { $product } からのログアウトを求めています。
logout-here = この端末で { $product } からログアウトします。
logout-stay = ログインしたままにする
signed-out-title = ログアウト完了
signed-out-heading = ログアウトしました
signed-out-hint = ほかの人もこの端末を使う場合は、ブラウザーも閉じてください。
signed-out-back = { $app } に戻る
signed-out-again = もう一度ログイン
signing-out-title = ログアウト中
signing-out-apps = { $count ->
    [1] 次のアプリからもログアウトしています。
   *[other] 次の各アプリからもログアウトしています。
}
signing-out-frame = { $app } からのログアウト

## On the way back to an application

form-post-title = { $host } に戻る
form-post-heading = { $host } に戻っています
form-post-moment = 少々お待ちください。

## The first administrator

setup-title = 初期設定
setup-heading = 管理者の作成
setup-lead = このアカウントでアプリとユーザーを管理します。このページへのリンクは一度しか使えません。
setup-submit = 管理者を作成
setup-done-title = 準備完了
setup-done-heading = { $product } の準備ができました
setup-done-lead = { $account } が管理者です。続いて、最初のアプリを登録してください。
setup-done-register = アプリを登録
setup-done-look = まず見てみる
