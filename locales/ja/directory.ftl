# Applications behind a proxy, and the directory of an organisation.

forward-auth-group = お使いのアカウントでは、このアプリケーションを利用できません。
forward-auth-group-fix = 管理者に利用の許可を依頼するか、ログアウトして別のアカウントでログインしてください。
forward-auth-level = このアプリケーションには、お使いのアカウントより安全なログイン方法が必要です。
forward-auth-level-fix = アカウントのページで設定してから、もう一度お試しください。
login-directory-silent = パスワードを管理しているディレクトリが現在応答していません。数分後にもう一度お試しください。
password-of-directory = このアカウントのパスワードは、所属組織のディレクトリで管理されています。
password-of-directory-fix = ほかのサービスのパスワードを変更するときと同じ場所で変更してください。
