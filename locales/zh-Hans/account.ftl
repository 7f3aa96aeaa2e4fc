# What people see and do in their own account, beyond how they sign in.
tab-overview = 概览
tab-profile = 个人资料

## The profile
profile-title = 您的个人资料
profile-hint = 您允许查看个人资料的应用会得到此处的内容。所有项目都可以留空。
profile-names = 您用来登录的信息
profile-username-hint = 应用可能通过它识别您，因此只有管理员可以更改。
profile-change-email = 更改地址
profile-confirmed = 已确认
profile-unconfirmed = 未确认
profile-about = 关于您
profile-full-name = 全名
profile-postal = 邮寄地址
claim-given-names = 名字
claim-middle-names = 中间名
claim-family-names = 姓氏
claim-nickname = 昵称
claim-phone = 电话
claim-birthdate = 出生日期
claim-gender = 性别
claim-locale = 首选语言
claim-time-zone = 时区
claim-picture = 头像网址
claim-profile = 个人主页网址
claim-website = 网站
claim-street = 街道
claim-formatted = 信封上的完整地址
claim-postal-code = 邮政编码
claim-city = 城市
claim-region = 省或地区
claim-country = 国家
mistake-claim = “{ $field }”太长，或不符合要求的格式。
notice-profile-saved = 您的个人资料已保存。

## Another e-mail address
address-title = 更改电子邮件地址
address-lead = 此后您用新地址登录，邮件也发往新地址。新地址视为未确认。
address-lead-mailed = 我们会向新地址发送一封邮件。您在此打开该邮件中的链接后，它将取代旧地址；在此之前不会有任何变化。
profile-address-waits = { $email } 等待确认：请打开发送到该地址的邮件中的链接。
address-told = 我们会将此更改通知 { $email }。
address-new = 新的电子邮件地址
address-of-directory = 此账号的地址由您所在组织的目录管理。
notice-address-changed = 您的电子邮件地址已更改。
mail-moved-subject = 您在 { $site } 的账号的电子邮件地址已更改
mail-moved-text = 您在 { $site } 的账号 { $account } 现在使用另一个电子邮件地址。此地址不会再收到任何邮件。
mail-moved-not-you = 如果不是您本人所为，说明他人已控制您的账号。请立即用用户名登录，更改密码并改回地址。如果无法登录，请告知运营者。

## What happened lately
activity-title = 最近的活动
activity-hint = 如果有不是您本人所做的操作，请更改密码并退出所有其他设备。
activity-by-administrator = 由管理员操作
activity-signed-in = 已登录
activity-signed-out = 已退出
activity-device-signed-out = 一台设备已被退出
activity-sign-in-refused = 一次登录失败
activity-others-signed-out = 多台设备已被退出
activity-account-made = 账号已创建
activity-profile-changed = 个人资料已更改
activity-address-changed = 电子邮件地址已更改
activity-address-confirmed = 电子邮件地址已确认
activity-password-changed = 密码已更改
activity-app-allowed = 已允许 { $app } 访问
activity-app-removed = 已撤销 { $app } 的访问权限
activity-authenticator-added = 已设置身份验证器应用
activity-authenticator-removed = 已关闭身份验证器应用
activity-passkey-added = 已添加通行密钥
activity-passkey-removed = 已移除通行密钥
activity-codes-made = 已生成新的恢复代码
activity-account-linked = 已关联外部账号
activity-account-unlinked = 已取消关联外部账号
activity-other = 其他：{ $action }

## Taking one's data along, and leaving
data-title = 您的数据
data-download = 下载您的数据
data-download-hint = 此服务器保存的有关您的全部信息，以 JSON 文件提供。其中不含密码和密钥。
delete-title = 删除您的账号
delete-hint = 您将在所有地方退出，所有应用会立即失去访问权限。此操作无法撤销。
delete-confirm = 要继续，请输入您的用户名：{ $username }
delete-submit = 永久删除我的账号
delete-wrong = 这不是您的用户名。没有删除任何内容。
delete-last-administrator = 您是此服务器唯一的管理员。请先让其他人成为管理员。
deleted-title = 您的账号已删除
deleted-lead = 您使用过的应用可能仍保存着您的信息。请向它们查询。
