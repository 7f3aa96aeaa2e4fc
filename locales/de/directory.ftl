# Applications behind a proxy, and the directory of an organisation.

forward-auth-group = Ihr Konto gehört nicht zu denen, die diese Anwendung benutzen dürfen.
forward-auth-group-fix = Bitten Sie die Betreiber um Zugang, oder melden Sie sich ab und mit einem anderen Konto an.
forward-auth-level = Diese Anwendung verlangt eine sicherere Anmeldung, als Ihr Konto sie bietet.
forward-auth-level-fix = Richten Sie auf der Seite Ihres Kontos eine ein und kommen Sie dann zurück.
login-directory-silent = Das Verzeichnis, das Ihr Passwort kennt, antwortet gerade nicht. Bitte versuchen Sie es in ein paar Minuten erneut.
password-of-directory = Das Passwort dieses Kontos wird im Verzeichnis Ihrer Organisation geführt.
password-of-directory-fix = Ändern Sie es dort, wo Sie es auch für alles andere ändern.
