# Applications behind a proxy, and the directory of an organisation.

forward-auth-group = Sua conta não está entre as que podem usar este aplicativo.
forward-auth-group-fix = Peça acesso a quem o administra, ou saia e entre com outra conta.
forward-auth-level = Este aplicativo pede uma forma de entrar mais segura do que a que sua conta tem.
forward-auth-level-fix = Configure uma na página da sua conta e depois volte.
login-directory-silent = O diretório que conhece sua senha não responde no momento. Tente novamente em alguns minutos.
password-of-directory = A senha desta conta é mantida pelo diretório da sua organização.
password-of-directory-fix = Altere-a onde você a altera para tudo o mais.
