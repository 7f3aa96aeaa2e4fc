# Groups, and what their members need to sign in with.

scope-groups = 查看您所在的群组
scope-groups-more = 群组的名称，例如您的团队或部门。

set-up-title = 请先完成一项设置
set-up-account = 已登录为 { $account }
set-up-two-factors = 此次登录需要第二种方式证明您的身份：身份验证器应用或通行密钥。您的账户尚未设置。
set-up-passkey = 此次登录需要通行密钥。您的账户还没有。
set-up-open = 去设置
set-up-back = 将在另一个标签页中打开。完成后，请回到本页继续。
