# What people see and do in their own account, beyond how they sign in.
tab-overview = Vue d’ensemble
tab-profile = Profil

## The profile
profile-title = Votre profil
profile-hint = Les applications que vous autorisez à voir votre profil reçoivent ce qui figure ici. Tout peut rester vide.
profile-names = Ce qui sert à vous connecter
profile-username-hint = Des applications vous connaissent peut-être sous ce nom : seul un administrateur peut le changer.
profile-change-email = Changer d’adresse
profile-confirmed = confirmée
profile-unconfirmed = non confirmée
profile-about = À propos de vous
profile-full-name = Nom complet
profile-postal = Adresse postale
claim-given-names = Prénoms
claim-middle-names = Autres prénoms
claim-family-names = Noms de famille
claim-nickname = Surnom
claim-phone = Téléphone
claim-birthdate = Date de naissance
claim-gender = Genre
claim-locale = Langue préférée
claim-time-zone = Fuseau horaire
claim-picture = Adresse d’une image
claim-profile = Adresse d’une page de profil
claim-website = Site web
claim-street = Rue
claim-formatted = Adresse comme sur une lettre
claim-postal-code = Code postal
claim-city = Ville
claim-region = État ou région
claim-country = Pays
mistake-claim = « { $field } » est trop long, ou n’a pas la forme demandée.
notice-profile-saved = Votre profil est enregistré.

## Another e-mail address
address-title = Changer d’adresse e-mail
address-lead = Vous vous connecterez avec la nouvelle adresse, et le courrier y sera envoyé. Elle compte comme non confirmée.
address-lead-mailed = Nous envoyons un e-mail à la nouvelle adresse. Elle remplacera l’ancienne dès que vous ouvrirez ici le lien de cet e-mail ; d’ici là, rien ne change.
profile-address-waits = { $email } attend d’être confirmée : ouvrez le lien de l’e-mail qui y a été envoyé.
address-told = { $email } en sera averti.
address-new = Nouvelle adresse e-mail
address-of-directory = L’adresse de ce compte est tenue dans l’annuaire de votre organisation.
notice-address-changed = Votre adresse e-mail est changée.
mail-moved-subject = L’adresse e-mail de votre compte sur { $site } a été changée
mail-moved-text = Votre compte { $account } sur { $site } a désormais une autre adresse e-mail. Plus rien ne sera envoyé à celle-ci.
mail-moved-not-you = Si ce n’était pas vous, quelqu’un d’autre a votre compte. Connectez-vous tout de suite avec votre nom d’utilisateur, changez votre mot de passe et rétablissez l’adresse. Si c’est impossible, prévenez l’exploitant.

## What happened lately
activity-title = Activité récente
activity-hint = Si quelque chose ne vient pas de vous, changez votre mot de passe et déconnectez tous les autres appareils.
activity-by-administrator = par un administrateur
activity-signed-in = Connexion
activity-signed-out = Déconnexion
activity-device-signed-out = Un appareil a été déconnecté
activity-sign-in-refused = Une connexion a échoué
activity-others-signed-out = Des appareils ont été déconnectés
activity-account-made = Compte créé
activity-profile-changed = Profil modifié
activity-address-changed = Adresse e-mail changée
activity-address-confirmed = Adresse e-mail confirmée
activity-password-changed = Mot de passe changé
activity-app-allowed = Accès accordé à { $app }
activity-app-removed = Accès retiré à { $app }
activity-authenticator-added = Application d’authentification configurée
activity-authenticator-removed = Application d’authentification désactivée
activity-passkey-added = Clé d’accès ajoutée
activity-passkey-removed = Clé d’accès retirée
activity-codes-made = Nouveaux codes de récupération créés
activity-account-linked = Un compte externe a été associé
activity-account-unlinked = Un compte externe a été dissocié
activity-other = Autre chose : { $action }

## Taking one's data along, and leaving
data-title = Vos données
data-download = Télécharger vos données
data-download-hint = Tout ce que ce serveur conserve à votre sujet, dans un fichier JSON. Ni mots de passe ni clés n’y figurent.
delete-title = Supprimer votre compte
delete-hint = Vous êtes déconnecté partout, et chaque application perd aussitôt son accès. C’est irréversible.
delete-confirm = Pour continuer, saisissez votre nom d’utilisateur : { $username }
delete-submit = Supprimer définitivement mon compte
delete-wrong = Ce n’est pas votre nom d’utilisateur. Rien n’a été supprimé.
delete-last-administrator = Vous êtes le seul administrateur de ce serveur. Nommez d’abord quelqu’un d’autre.
deleted-title = Votre compte est supprimé
deleted-lead = Les applications que vous avez utilisées conservent peut-être encore ce qu’elles savent de vous. Demandez-leur.
