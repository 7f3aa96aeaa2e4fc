# Groups, and what their members need to sign in with.

scope-groups = Voir les groupes dont vous faites partie
scope-groups-more = Leurs noms, comme votre équipe ou votre service.

set-up-title = Une chose à configurer d’abord
set-up-account = connecté en tant que { $account }
set-up-two-factors = Cette connexion demande un second moyen de prouver votre identité : une application d’authentification ou une clé d’accès. Votre compte n’en a pas encore.
set-up-passkey = Cette connexion demande une clé d’accès. Votre compte n’en a pas encore.
set-up-open = Configurer
set-up-back = La page s’ouvre dans un autre onglet. Quand vous aurez terminé, revenez ici pour continuer.
