# Applications behind a proxy, and the directory of an organisation.

forward-auth-group = 您的账号无权使用此应用。
forward-auth-group-fix = 请向其管理员申请访问权限，或退出登录后使用其他账号登录。
forward-auth-level = 此应用要求的登录方式比您的账号现有的更安全。
forward-auth-level-fix = 请先在您的账号页面上设置，然后再回来。
login-directory-silent = 保存您密码的目录目前没有响应。请过几分钟再试。
password-of-directory = 此账号的密码由您所在组织的目录管理。
password-of-directory-fix = 请在您平时修改该密码的地方进行修改。
