# 称呼用“您”。

## What stands in all of them

mail-copy-link = 如果按钮没有反应，请将此地址复制到浏览器中：
mail-footer = 此邮件由 { $site } 自动发送，回复不会有人阅读。
mail-works-minutes = 只能使用一次，{ $count } 分钟内有效。
mail-works-hours = 只能使用一次，{ $count } 小时内有效。
mail-works-days = 只能使用一次，{ $count } 天内有效。
mail-time = 时间
mail-device = 设备
mail-address = IP 地址

## Confirming an address

mail-verify-subject = 请确认您在 { $site } 使用的邮箱地址
mail-verify-text = 有人为 { $site } 上的账号 { $account } 填写了此地址。如果这是您的账号，请确认该地址归您所有。
mail-verify-button = 确认此地址
mail-verify-ignore = 如果您不认识此账号，请忽略此邮件：没有您的确认，什么都不会发生。

## A forgotten password

mail-reset-subject = 请为 { $site } 设置新密码
mail-reset-text = 有人为您在 { $site } 的账号 { $account } 申请了新密码。
mail-reset-button = 设置新密码
mail-reset-ignore = 如果不是您本人，请忽略此邮件：您的密码保持不变。

## A code and a link to sign in with

mail-code-subject = 您登录 { $site } 的验证码
mail-code-text = 请输入此验证码以登录 { $site }：
mail-code-link = 或者在您申请验证码的浏览器中，用此按钮登录。
mail-code-button = 登录
mail-code-ignore = 请勿将此验证码告诉任何人：向您索要的人想进入您的账号。如果您没有申请，请忽略此邮件。

## The password was changed

mail-password-subject = 您在 { $site } 的密码已更改
mail-password-text = 您在 { $site } 的账号 { $account } 的密码已更改。
mail-password-not-you = 如果不是您本人，说明他人已掌握您的账号。请立即设置新密码。
mail-password-button = 设置新密码

## A passkey was added

mail-passkey-subject = 您在 { $site } 的账号新增了通行密钥
mail-passkey-text = 通行密钥“{ $passkey }”已添加到您在 { $site } 的账号 { $account }。持有它的人可以登录。
mail-passkey-not-you = 如果不是您本人，说明他人已掌握您的账号。请立即移除该通行密钥并更改密码。
mail-passkey-button = 查看我的账号

## An invitation

mail-invitation-subject = 邀请您加入 { $site }
mail-invitation-text = { $inviter } 邀请您在 { $site } 创建账号。
mail-invitation-button = 接受邀请
mail-invitation-ignore = 如果您不知道对方是谁，请忽略此邮件。

## A sign-in on a new device

mail-sign-in-subject = 您在 { $site } 的账号有新的登录
mail-sign-in-text = 您在 { $site } 的账号 { $account } 在一台我们未曾见过的设备上登录。
mail-sign-in-you = 如果是您本人，则无需任何操作。
mail-sign-in-not-you = 如果不是您本人，说明他人知道您的密码。请立即退出该设备并更改密码。
mail-sign-in-button = 查看我的账号

## 登录方式有变更

mail-app-added-subject = 您在 { $site } 的账号设置了身份验证器应用
mail-app-added-text = 登录您在 { $site } 的账号 { $account } 时，现在需要输入刚刚设置的身份验证器应用中的验证码。同时生成了新的恢复代码。
mail-app-removed-subject = 您在 { $site } 的账号停用了身份验证器应用
mail-app-removed-text = 您在 { $site } 的账号 { $account } 已不再使用身份验证器应用，其恢复代码也已失效。
mail-codes-made-subject = 您在 { $site } 的账号有了新的恢复代码
mail-codes-made-text = 已为您在 { $site } 的账号 { $account } 生成新的恢复代码。旧代码已失效。
mail-code-used-subject = 您在 { $site } 的账号使用了一个恢复代码
mail-code-used-text = 有人登录您在 { $site } 的账号 { $account } 时，用恢复代码代替了身份验证器应用。
mail-passkey-removed-subject = 您在 { $site } 的账号移除了一个通行密钥
mail-passkey-removed-text = 通行密钥“{ $passkey }”已从您在 { $site } 的账号 { $account } 中移除。
mail-linked-subject = 您在 { $site } 的账号已与 { $provider } 关联
mail-linked-text = { $provider } 的账号“{ $label }”已与您在 { $site } 的账号 { $account } 关联。持有它的人可以登录。
mail-unlinked-subject = 您在 { $site } 的账号不再与 { $provider } 关联
mail-unlinked-text = { $provider } 的账号“{ $label }”不能再用于登录您在 { $site } 的账号 { $account }。
mail-change-not-you = 如果是您本人，则无需任何操作。如果不是，说明他人已掌握您的账号：请立即撤销该变更并更改密码。

## A wrong second step, and the end of an account

mail-second-refused-subject = 有人登录您在 { $site } 的账号时止步于第二步
mail-second-refused-text = 有人为您在 { $site } 的账号 { $account } 输入了正确的密码，随后输入了错误的验证码。没有人登录成功。
mail-second-refused-not-you = 如果不是您本人，则有他人知道您的密码。请立即设置新密码。
mail-deleted-subject = 您在 { $site } 的账号已删除
mail-deleted-text = 您在 { $site } 的账号 { $account } 已删除。这是关于它的最后一封邮件。
mail-deleted-not-you = 如果这并非您的意愿，请立即联系运营者。
mail-deleted-button = 前往 { $site }
