# Vouvoiement.

## What stands in all of them

mail-copy-link = Si le bouton ne fait rien, copiez cette adresse dans votre navigateur :
mail-footer = Ce message a été envoyé automatiquement par { $site }. Les réponses ne sont pas lues.
mail-works-minutes = Valable une seule fois, pendant { $count ->
        [one] { $count } minute
       *[other] { $count } minutes
    }.
mail-works-hours = Valable une seule fois, pendant { $count ->
        [one] { $count } heure
       *[other] { $count } heures
    }.
mail-works-days = Valable une seule fois, pendant { $count ->
        [one] { $count } jour
       *[other] { $count } jours
    }.
mail-time = Heure
mail-device = Appareil
mail-address = Adresse IP

## Confirming an address

mail-verify-subject = Confirmez votre adresse e-mail pour { $site }
mail-verify-text = Cette adresse a été indiquée pour le compte { $account } sur { $site }. Si ce compte est le vôtre, confirmez que l’adresse vous appartient.
mail-verify-button = Confirmer cette adresse
mail-verify-ignore = Si vous ne connaissez pas ce compte, ignorez ce message : sans vous, rien ne se passera.

## A forgotten password

mail-reset-subject = Choisissez un nouveau mot de passe pour { $site }
mail-reset-text = Quelqu’un a demandé un nouveau mot de passe pour votre compte { $account } sur { $site }.
mail-reset-button = Choisir un nouveau mot de passe
mail-reset-ignore = Si ce n’était pas vous, ignorez ce message : votre mot de passe reste inchangé.

## A code and a link to sign in with

mail-code-subject = Votre code de connexion à { $site }
mail-code-text = Saisissez ce code pour vous connecter à { $site } :
mail-code-link = Ou connectez-vous avec ce bouton, dans le navigateur depuis lequel vous avez demandé le code.
mail-code-button = Se connecter
mail-code-ignore = Ne communiquez ce code à personne : qui vous le demande veut accéder à votre compte. Si vous ne l’avez pas demandé, ignorez ce message.

## The password was changed

mail-password-subject = Votre mot de passe pour { $site } a été modifié
mail-password-text = Le mot de passe de votre compte { $account } sur { $site } a été modifié.
mail-password-not-you = Si ce n’était pas vous, quelqu’un d’autre a accès à votre compte. Choisissez immédiatement un nouveau mot de passe.
mail-password-button = Choisir un nouveau mot de passe

## A passkey was added

mail-passkey-subject = Une clé d’accès a été ajoutée à votre compte sur { $site }
mail-passkey-text = La clé d’accès « { $passkey } » a été ajoutée à votre compte { $account } sur { $site }. Quiconque la possède peut se connecter.
mail-passkey-not-you = Si ce n’était pas vous, quelqu’un d’autre a accès à votre compte. Supprimez la clé d’accès et changez immédiatement votre mot de passe.
mail-passkey-button = Voir mon compte

## An invitation

mail-invitation-subject = Vous êtes invité à rejoindre { $site }
mail-invitation-text = { $inviter } vous invite à créer un compte sur { $site }.
mail-invitation-button = Accepter l’invitation
mail-invitation-ignore = Si vous ne savez pas de qui il s’agit, ignorez ce message.

## A sign-in on a new device

mail-sign-in-subject = Nouvelle connexion à votre compte sur { $site }
mail-sign-in-text = Quelqu’un s’est connecté à votre compte { $account } sur { $site } depuis un appareil que nous ne connaissions pas.
mail-sign-in-you = Si c’était vous, il n’y a rien à faire.
mail-sign-in-not-you = Si ce n’était pas vous, quelqu’un d’autre connaît votre mot de passe. Déconnectez cet appareil et changez immédiatement votre mot de passe.
mail-sign-in-button = Voir mon compte

## Les moyens de connexion ont changé

mail-app-added-subject = Une application d’authentification a été configurée pour votre compte sur { $site }
mail-app-added-text = La connexion à votre compte { $account } sur { $site } demande désormais un code d’une application d’authentification qui vient d’être configurée. De nouveaux codes de secours ont aussi été créés.
mail-app-removed-subject = L’application d’authentification de votre compte sur { $site } a été désactivée
mail-app-removed-text = Votre compte { $account } sur { $site } n’a plus d’application d’authentification, et ses codes de secours ne sont plus valables.
mail-codes-made-subject = Nouveaux codes de secours pour votre compte sur { $site }
mail-codes-made-text = De nouveaux codes de secours ont été créés pour votre compte { $account } sur { $site }. Les anciens ne sont plus valables.
mail-code-used-subject = Un code de secours de votre compte sur { $site } a été utilisé
mail-code-used-text = Un code de secours a été utilisé à la place de l’application d’authentification pour se connecter à votre compte { $account } sur { $site }.
mail-passkey-removed-subject = Une clé d’accès a été supprimée de votre compte sur { $site }
mail-passkey-removed-text = La clé d’accès « { $passkey } » a été supprimée de votre compte { $account } sur { $site }.
mail-linked-subject = Votre compte sur { $site } a été associé à { $provider }
mail-linked-text = Le compte « { $label } » chez { $provider } a été associé à votre compte { $account } sur { $site }. Quiconque le possède peut se connecter.
mail-unlinked-subject = Votre compte sur { $site } n’est plus associé à { $provider }
mail-unlinked-text = Le compte « { $label } » chez { $provider } ne permet plus de se connecter à votre compte { $account } sur { $site }.
mail-change-not-you = Si c’était vous, il n’y a rien à faire. Sinon, quelqu’un d’autre a accès à votre compte : annulez la modification et changez immédiatement votre mot de passe.

## A wrong second step, and the end of an account

mail-second-refused-subject = Une connexion à votre compte sur { $site } s’est arrêtée à la deuxième étape
mail-second-refused-text = Le bon mot de passe de votre compte { $account } sur { $site } a été saisi, puis un code erroné. Personne n’a été connecté.
mail-second-refused-not-you = Si ce n’était pas vous, quelqu’un d’autre connaît votre mot de passe. Choisissez-en un nouveau immédiatement.
mail-deleted-subject = Votre compte sur { $site } a été supprimé
mail-deleted-text = Votre compte { $account } sur { $site } a été supprimé. Ceci est le dernier message à son sujet.
mail-deleted-not-you = Si vous ne le vouliez pas, prévenez immédiatement l’exploitant.
mail-deleted-button = Aller sur { $site }
