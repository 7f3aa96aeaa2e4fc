# Applications behind a proxy, and the directory of an organisation.

forward-auth-group = Ihr Konto gehört nicht zu denen, die diese Anwendung benutzen dürfen.
forward-auth-group-fix = Bitten Sie die Betreiber um Zugang, oder melden Sie sich ab und mit einem anderen Konto an.
forward-auth-level = Diese Anwendung verlangt eine sicherere Anmeldung, als Ihr Konto sie bietet.
forward-auth-level-fix = Richten Sie auf der Seite Ihres Kontos eine ein und kommen Sie dann zurück.
login-directory-silent = Das Verzeichnis, das Ihr Passwort kennt, antwortet gerade nicht. Bitte versuchen Sie es in ein paar Minuten erneut.
