# 称呼用“您”。“应用”是登录的目标，“设备”是登录所用之处。

## The frame of every page

language = 语言
skip-to-content = 跳到正文
main-navigation = 主导航
account-link = 账号
administration-link = 管理
sign-out = 退出登录
continue = 继续

## Forms

username = 用户名
email = 电子邮箱
name = 姓名
password = 密码
optional = 选填
password-hint = 长比复杂更好：几个互不相关的词语就很合适。
form-mistakes = 请更正以下内容后重试：
mistake-username = 用户名为 1 到 64 个字符，可用英文字母、数字和 . _ - +
mistake-email = 电子邮箱形如 name@example.com，只用 ASCII 字符，最多 254 个字符。
mistake-name = 姓名为 1 到 128 个字符，不能含有控制字符或改变书写方向的字符。
mistake-password = 密码为 8 到 1024 个字符。
username-taken = 该用户名已被使用。
email-taken = 该电子邮箱已被使用。
too-many-attempts = 尝试次数过多。请等待 { $wait }后重试。
server-busy = 服务器繁忙，请稍后重试。

## Signing in

login-title = 登录
login-choose = 选择账号
login-to-application = 以继续前往 { $app }
login-to-account = 进入您的账号
login-continue-as = 以 { $account } 的身份继续
login-or-another = 或使用其他账号
login-username = 用户名或电子邮箱
login-remember = 在此设备上保持登录
login-remember-hint = 如果他人也使用此设备，请勿勾选。
login-new-here = 第一次使用？{ $link }
login-wrong = 用户名与密码不匹配。请检查后重试。
login-busy = 当前登录人数较多，请稍后重试。

## Making an account

sign-up-title = 创建账号
sign-up-submit = 创建账号
sign-up-have-account = 已有账号？{ $link }

## What is said of an application

app-unverified = 此应用是自行注册的，其名称和链接未经任何人核实。只有当您确实要前往 { $host } 时才继续。
app-next = 接下来您将前往 { $host }
app-about = 关于 { $app }
app-website = 网站
app-privacy = 隐私政策
app-terms = 服务条款

## Consent

consent-title = 允许 { $app }？
consent-heading = 允许 { $app } 使用您的账号？
signed-in-as = 您已登录为 { $account }。
consent-not-you = 不是您？
consent-able = 该应用将可以
consent-allow = 允许
consent-deny = 不允许
consent-take-back = 您可以随时在{ $link }撤回此许可。
consent-account-page = 账号页面

## What scopes allow; the first ones continue “It will be able to”

scope-openid = 确认是您本人
scope-openid-more = 它会得到您账号的标识符，并知道您登录的时间和方式。
scope-profile = 查看您的个人资料
scope-profile-more = 您的姓名、用户名和其他个人资料。
scope-email = 查看您的电子邮箱
scope-email-more = 以及该邮箱是否已确认。
scope-address = 查看您的邮寄地址
scope-address-more = 您个人资料中的邮寄地址。
scope-phone = 查看您的电话号码
scope-phone-more = 以及该号码是否已确认。
scope-offline = 保持连接
scope-offline-more = 即使您没有在使用它，它也保有访问权限，直到您撤回。
scope-other = 使用“{ $scope }”
scope-other-more = 由该应用及其服务定义的权限。

## Devices, and ways to sign in

device-browser-on-system = { $system } 上的 { $browser }
device-unknown = 未知设备
method-password = 密码
list-separator = 、
method-one-time-code = 一次性验证码
method-security-key = 安全密钥
method-two-steps = 两步验证

## Times

date-time = { $year }年{ $month }月{ $day }日 { $time } UTC
date-unknown = 时间未知
ago-now = 刚刚
ago-minutes = { $count } 分钟前
ago-hours = { $count } 小时前
duration-seconds = { $count } 秒
duration-minutes = { $count } 分钟
duration-hours = { $count } 小时

## One's own account

account-title = 您的账号
account-devices = 已登录的设备
account-devices-hint = 如果您不认识某个设备，请将其退出登录并更改密码。
account-sign-out-device = 退出登录：{ $device }
account-this-device = 此设备
session-last-used = 上次使用：{ $when }
session-signed-in = 登录：{ $when }，来自 { $ip }
session-signed-in-with = 登录：{ $when }，来自 { $ip }（{ $methods }）
session-ends = 到期：{ $when }
account-sign-out-others = 退出所有其他设备
account-sign-out-others-hint = 除此设备外，所有设备都需要重新登录。
account-sign-out-others-submit = 退出其他设备
account-apps = 有访问权限的应用
account-apps-hint = 您允许的内容，以及如何撤回。
account-no-apps = 暂无。您用此账号登录应用后，应用会列在这里。
account-app-since = 始于：{ $when }
account-app-open = 打开
account-app-open-name = 打开 { $app }
account-app-remove = 撤回访问权限
account-app-remove-name = 撤回访问权限：{ $app }
account-app-remove-hint = 访问会立即停止。下次使用 { $app } 时，它必须重新征得您的同意。
account-change-password = 更改密码
account-current-password = 当前密码
account-new-password = 新密码
account-wrong-password = 当前密码不正确，未作任何更改。
account-password-too-short = 新密码太短，请至少使用 { $count } 个字符。
account-password-too-long = 新密码太长，请最多使用 { $count } 个字符。
notice-session-ended = 该设备已退出登录。
notice-others-ended = 您的所有其他设备都已退出登录。
notice-app-revoked = 该应用已无法访问您的账号。
notice-password-changed = 您的密码已更改。您的所有其他设备都已退出登录。

## Signing out

logout-title = 退出登录
logout-question = 要退出登录吗？
logout-asked-by = { $app } 请求让您退出 { $product }。
logout-here = 您将在此设备上退出 { $product }。
logout-stay = 保持登录
signed-out-title = 已退出登录
signed-out-heading = 您已退出登录
signed-out-hint = 如果他人也使用此设备，请同时关闭浏览器。
signed-out-back = 返回 { $app }
signed-out-again = 重新登录
signing-out-title = 正在退出登录
signing-out-apps = { $count ->
    [1] 同时正在退出一个应用：
   *[other] 同时正在退出以下应用：
}
signing-out-frame = 退出 { $app }

## On the way back to an application

form-post-title = 返回 { $host }
form-post-heading = 正在返回 { $host }
form-post-moment = 请稍候片刻。

## The first administrator

setup-title = 初始设置
setup-heading = 创建管理员
setup-lead = 此账号用于管理应用和用户。带您来到这里的链接只能使用一次。
setup-submit = 创建管理员
setup-done-title = 就绪
setup-done-heading = { $product } 已就绪
setup-done-lead = { $account } 是管理员。接下来，请注册第一个应用。
setup-done-register = 注册应用
setup-done-look = 先看看
