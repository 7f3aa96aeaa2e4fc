# How people get an account by themselves, and a code by mail.

## Accepting an invitation

invitation-title = 创建您的账户
invitation-lead = 您已收到邀请。
invitation-for = 您的账户将使用地址 { $email }。
invitation-passkey-hint = 使用通行密钥，您可以用指纹、面容或设备的 PIN 码登录，无需记住任何内容。
invitation-passkey = 使用通行密钥继续
invitation-or-password = 或使用密码
invitation-passkey-made = 您的通行密钥已创建。请更正上面的内容，账户即可就绪。
invitation-dead = 此链接已被使用、已过期或已被撤回。
invitation-dead-fix = 如果您已创建账户，请登录；否则请索取新的链接。

## Signing up by mail

sign-up-mail-hint = 您会收到一封邮件，其中有继续操作的链接。
sign-up-sent-title = 请查看您的邮箱
sign-up-sent = 我们已向 { $email } 发送邮件，其中说明了如何继续。
sign-up-sent-nothing = 没有收到？请查看垃圾邮件，或检查地址。
sign-up-sent-again = 换一个地址

## A code by mail

code-send = 通过邮件发送代码
code-whose = 代码会发送到此账户已确认的地址。
code-title = 输入您的代码
code-sent = 如果账户 { $account } 存在并有已确认的地址，代码已发往该地址。代码在此浏览器中十分钟内有效。
code-label = 代码
code-hint = 邮件中的八位数字。
code-wrong = 代码不正确或已失效。请检查，或获取新的代码。
code-another-way = 用其他方式登录
code-off = 此服务器不通过邮件发送代码。
code-dead = 此链接已被使用或已过期。
code-dead-fix = 请在登录页面获取新的代码。
code-elsewhere-title = 请在另一个浏览器中输入此代码
code-elsewhere = 您打开此链接的浏览器不是您请求代码的浏览器。请在那里输入此代码：
code-elsewhere-not-you = 不要把此代码告诉任何人。不是您请求的？请关闭此页面，什么都不会发生。
method-mailed-code = 邮件代码

## Mails

mail-invitation-by-nobody = 您受邀在 { $site } 创建账户。
mail-sign-up-subject = 在 { $site } 创建您的账户
mail-sign-up-text = 有人用此地址在 { $site } 创建账户。请用此按钮继续。
mail-sign-up-button = 创建我的账户
mail-sign-up-ignore = 如果不是您，请忽略此邮件：没有您的操作，什么都不会发生。
mail-exists-subject = 您在 { $site } 已有账户
mail-exists-text = 有人用此地址在 { $site } 创建账户，而它已有账户：{ $account }。
mail-exists-button = 登录
mail-exists-ignore = 如果不是您，请忽略此邮件：没有任何更改。
