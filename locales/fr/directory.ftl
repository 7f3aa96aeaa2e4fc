# Applications behind a proxy, and the directory of an organisation.

forward-auth-group = Votre compte ne fait pas partie de ceux qui peuvent utiliser cette application.
forward-auth-group-fix = Demandez l’accès à ses responsables, ou déconnectez-vous et connectez-vous avec un autre compte.
forward-auth-level = Cette application demande une connexion plus sûre que celle dont dispose votre compte.
forward-auth-level-fix = Configurez-en une sur la page de votre compte, puis revenez.
login-directory-silent = L’annuaire qui connaît votre mot de passe ne répond pas pour le moment. Réessayez dans quelques minutes.
password-of-directory = Le mot de passe de ce compte est géré par l’annuaire de votre organisation.
password-of-directory-fix = Changez-le là où vous le changez pour tout le reste.
