# Devices without a browser, which a person connects by a code.

device-title = Connecter un appareil
device-code = Code de l’appareil
device-code-hint = Les huit lettres que l’appareil affiche, par exemple
device-never-sent = Saisissez uniquement le code d’un appareil que vous avez devant vous. Personne n’a de raison de vous en envoyer un.
device-malformed = Un code a huit lettres. Comparez votre saisie avec ce que l’appareil affiche.
device-not-waiting = Aucun appareil n’attend ce code, ou plus aucun : un code est valable dix minutes, et une seule fois. Comparez-le avec ce que l’appareil affiche, ou faites-lui en afficher un nouveau.
device-allow-title = Connecter { $app } sur un appareil ?
device-compare = L’appareil devant vous affiche-t-il ce code ?
device-phishing = Quelqu’un vous a envoyé ce code, ou un lien vers cette page ? Alors refusez : cette personne entrerait dans votre compte.
device-unverified = Cette application s’est inscrite elle-même. Personne ici n’a vérifié son nom ni ses liens. Ne continuez que si vous l’avez choisie vous-même.
device-allowed-title = Votre appareil est connecté
device-allowed = Vous pouvez revenir à votre appareil. { $app } y continue dans quelques secondes.
device-denied-title = Votre appareil n’est pas connecté
device-denied = { $app } est informée de votre refus.
device-close = Vous pouvez fermer cette page.
activity-device-allowed = Un appareil a été connecté à { $app }
activity-device-denied = La connexion d’un appareil à { $app } a été refusée
