# Vouvoiement. « Application » : ce à quoi l’on se connecte ; « appareil » : là où l’on est connecté.

## The frame of every page

language = Langue
skip-to-content = Aller au contenu
main-navigation = Navigation principale
account-link = Compte
administration-link = Administration
sign-out = Se déconnecter
continue = Continuer

## Forms

username = Nom d’utilisateur
email = Adresse e-mail
name = Nom
password = Mot de passe
optional = facultatif
password-hint = Mieux vaut long que compliqué : quelques mots sans rapport entre eux conviennent très bien.
form-mistakes = Veuillez corriger ce qui suit, puis réessayer :
mistake-username = Un nom d’utilisateur comporte de 1 à 64 caractères : lettres sans accent, chiffres et . _ - +
mistake-email = Une adresse e-mail ressemble à name@example.com, en ASCII, avec 254 caractères au plus.
mistake-name = Un nom comporte de 1 à 128 caractères, sans caractères de contrôle ni de direction.
mistake-password = Un mot de passe comporte de 8 à 1024 caractères.
username-taken = Ce nom d’utilisateur est déjà pris.
email-taken = Cette adresse e-mail est déjà utilisée.
too-many-attempts = Trop de tentatives. Veuillez patienter { $wait }, puis réessayer.
server-busy = Le serveur est très sollicité. Veuillez réessayer dans un instant.

## Signing in

login-title = Se connecter
login-choose = Choisir un compte
login-to-application = pour continuer vers { $app }
login-to-account = à votre compte
login-continue-as = Continuer en tant que { $account }
login-or-another = ou avec un autre compte
login-username = Nom d’utilisateur ou adresse e-mail
login-remember = Se souvenir de cet appareil
login-remember-hint = Ne cochez pas cette case si d’autres personnes l’utilisent aussi.
login-new-here = Nouveau ici ? { $link }
login-wrong = Ce nom d’utilisateur et ce mot de passe ne vont pas ensemble. Vérifiez les deux, puis réessayez.
login-busy = Beaucoup de personnes se connectent en ce moment. Veuillez réessayer dans un instant.

## Making an account

sign-up-title = Créer un compte
sign-up-submit = Créer le compte
sign-up-have-account = Vous avez déjà un compte ? { $link }

## What is said of an application

app-unverified = Cette application s’est inscrite elle-même. Personne ici n’a vérifié son nom ni ses liens. Ne continuez que si vous vous attendez à arriver sur { $host }.
app-next = Ensuite, vous irez sur { $host }
app-about = À propos de { $app }
app-website = Site web
app-privacy = Confidentialité
app-terms = Conditions

## Consent

consent-title = Autoriser { $app } ?
consent-heading = Autoriser { $app } à utiliser votre compte ?
signed-in-as = Vous êtes connecté en tant que { $account }.
consent-not-you = Ce n’est pas vous ?
consent-able = L’application pourra
consent-allow = Autoriser
consent-deny = Refuser
consent-take-back = Vous pouvez revenir sur cette décision à tout moment sur la { $link }.
consent-account-page = page de votre compte

## What scopes allow; the first ones continue “It will be able to”

scope-openid = Savoir que c’est vous
scope-openid-more = Elle reçoit un identifiant de votre compte et apprend quand et comment vous vous êtes connecté.
scope-profile = Voir votre profil
scope-profile-more = Votre nom, votre nom d’utilisateur et les autres détails de votre profil.
scope-email = Voir votre adresse e-mail
scope-email-more = Et si l’adresse est confirmée.
scope-address = Voir votre adresse postale
scope-address-more = L’adresse postale de votre profil.
scope-phone = Voir votre numéro de téléphone
scope-phone-more = Et si le numéro est confirmé.
scope-offline = Rester connectée
scope-offline-more = Elle garde son accès même quand vous ne l’utilisez pas, jusqu’à ce que vous le retiriez.
scope-other = Utiliser « { $scope } »
scope-other-more = Une autorisation que définissent l’application et son service.

## Devices, and ways to sign in

device-browser-on-system = { $browser } sur { $system }
device-unknown = Appareil inconnu
method-password = mot de passe
list-separator = ,{" "}
method-one-time-code = code à usage unique
method-security-key = clé de sécurité
method-two-steps = deux étapes

## Times

date-time = { $day ->
    [1] 1er
   *[other] { $day }
} { $month ->
    [1] janv.
    [2] févr.
    [3] mars
    [4] avr.
    [5] mai
    [6] juin
    [7] juil.
    [8] août
    [9] sept.
    [10] oct.
    [11] nov.
   *[12] déc.
} { $year } à { $time } UTC
date-unknown = à une date inconnue
ago-now = à l’instant
ago-minutes = { $count ->
    [one] il y a { $count } minute
   *[other] il y a { $count } minutes
}
ago-hours = { $count ->
    [one] il y a { $count } heure
   *[other] il y a { $count } heures
}
duration-seconds = { $count ->
    [one] { $count } seconde
   *[other] { $count } secondes
}
duration-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
duration-hours = { $count ->
    [one] { $count } heure
   *[other] { $count } heures
}

## One's own account

account-title = Votre compte
account-devices = Où vous êtes connecté
account-devices-hint = Si vous ne reconnaissez pas un appareil, déconnectez-le et changez votre mot de passe.
account-sign-out-device = Se déconnecter : { $device }
account-this-device = Cet appareil
session-last-used = Dernière utilisation : { $when }
session-signed-in = Connexion : { $when }, depuis { $ip }
session-signed-in-with = Connexion : { $when }, depuis { $ip } ({ $methods })
session-ends = fin : { $when }
account-sign-out-others = Déconnecter tous les autres appareils
account-sign-out-others-hint = Il faudra se reconnecter sur tous les appareils, sauf celui-ci.
account-sign-out-others-submit = Déconnecter les autres
account-apps = Applications ayant accès
account-apps-hint = Ce que vous avez autorisé, et comment le retirer.
account-no-apps = Aucune pour l’instant. Quand vous vous connecterez à une application avec ce compte, elle figurera ici.
account-app-since = Depuis : { $when }
account-app-open = Ouvrir
account-app-open-name = Ouvrir { $app }
account-app-remove = Retirer l’accès
account-app-remove-name = Retirer l’accès : { $app }
account-app-remove-hint = L’accès cesse aussitôt. La prochaine fois que vous utiliserez { $app }, l’application devra vous le redemander.
account-change-password = Changer le mot de passe
account-current-password = Mot de passe actuel
account-new-password = Nouveau mot de passe
account-wrong-password = Le mot de passe actuel n’est pas le bon. Rien n’a été modifié.
account-password-too-short = Le nouveau mot de passe est trop court. Utilisez au moins { $count ->
    [one] { $count } caractère
   *[other] { $count } caractères
}.
account-password-too-long = Le nouveau mot de passe est trop long. Utilisez au plus { $count ->
    [one] { $count } caractère
   *[other] { $count } caractères
}.
notice-session-ended = Cet appareil est déconnecté.
notice-others-ended = Tous vos autres appareils sont déconnectés.
notice-app-revoked = L’application n’a plus accès à votre compte.
notice-password-changed = Votre mot de passe est changé. Tous vos autres appareils sont déconnectés.

## Signing out

logout-title = Se déconnecter
logout-question = Se déconnecter ?
logout-asked-by = { $app } demande à vous déconnecter de { $product }.
logout-here = Cela vous déconnecte de { $product } sur cet appareil.
logout-stay = Rester connecté
signed-out-title = Déconnecté
signed-out-heading = Vous êtes déconnecté
signed-out-hint = Si d’autres personnes utilisent aussi cet appareil, fermez également le navigateur.
signed-out-back = Retour vers { $app }
signed-out-again = Se reconnecter
signing-out-title = Déconnexion en cours
signing-out-apps = { $count ->
    [one] Vous êtes aussi déconnecté d’une application :
   *[other] Vous êtes aussi déconnecté de ces applications :
}
signing-out-frame = Déconnexion de { $app }

## On the way back to an application

form-post-title = Retour vers { $host }
form-post-heading = Retour vers { $host }
form-post-moment = Cela prend un instant.

## The first administrator

setup-title = Mise en place
setup-heading = Créer le compte administrateur
setup-lead = Ce compte gère les applications et les utilisateurs. Le lien qui vous a amené ici ne fonctionne qu’une fois.
setup-submit = Créer le compte administrateur
setup-done-title = Prêt
setup-done-heading = { $product } est prêt
setup-done-lead = { $account } administre ce serveur. À présent, inscrivez la première application.
setup-done-register = Inscrire une application
setup-done-look = Faire d’abord un tour
