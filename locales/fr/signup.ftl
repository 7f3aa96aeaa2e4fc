# How people get an account by themselves, and a code by mail.

## Accepting an invitation

invitation-title = Créez votre compte
invitation-lead = Vous êtes invité.
invitation-for = Votre compte aura l’adresse { $email }.
invitation-passkey-hint = Avec une clé d’accès, vous vous connectez avec votre empreinte, votre visage ou le code de votre appareil. Il n’y a rien à retenir.
invitation-passkey = Continuer avec une clé d’accès
invitation-or-password = ou avec un mot de passe
invitation-passkey-made = Votre clé d’accès est créée. Corrigez ce qui précède, et votre compte sera prêt.
invitation-dead = Ce lien a déjà servi, est trop ancien ou a été retiré.
invitation-dead-fix = Si vous avez déjà créé votre compte, connectez-vous. Sinon, demandez un autre lien.

## Signing up by mail

sign-up-mail-hint = Vous recevrez un e-mail avec un lien pour continuer.
sign-up-sent-title = Consultez votre messagerie
sign-up-sent = Nous avons envoyé un e-mail à { $email }. Il dit comment continuer.
sign-up-sent-nothing = Rien reçu ? Regardez dans le courrier indésirable, ou vérifiez l’adresse.
sign-up-sent-again = Essayer une autre adresse

## A code by mail

code-send = M’envoyer un code par e-mail
code-whose = Le code est envoyé à l’adresse confirmée de ce compte.
code-title = Saisissez votre code
code-sent = S’il existe un compte { $account } avec une adresse confirmée, un code est en route. Il est valable dix minutes, dans ce navigateur.
code-label = Code reçu
code-hint = Huit chiffres, dans l’e-mail.
code-wrong = Ce code n’est pas le bon, ou n’est plus valable. Vérifiez-le, ou demandez-en un autre.
code-another-way = Se connecter autrement
code-off = Ce serveur n’envoie pas de codes.
code-dead = Ce lien a déjà servi, ou est trop ancien.
code-dead-fix = Demandez un autre code là où vous vous connectez.
code-elsewhere-title = Saisissez ce code dans l’autre navigateur
code-elsewhere = Vous avez ouvert le lien dans un autre navigateur que celui où vous l’avez demandé. Saisissez-y ce code :
code-elsewhere-not-you = Ne donnez ce code à personne. Vous ne l’avez pas demandé ? Fermez cette page : il ne se passera rien.
method-mailed-code = code par e-mail

## Mails

mail-invitation-by-nobody = Vous êtes invité à créer un compte sur { $site }.
mail-sign-up-subject = Créez votre compte sur { $site }
mail-sign-up-text = Cette adresse a été donnée pour créer un compte sur { $site }. Continuez avec ce bouton.
mail-sign-up-button = Créer mon compte
mail-sign-up-ignore = Si ce n’était pas vous, ignorez ce message : sans vous, rien ne se passe.
mail-exists-subject = Vous avez déjà un compte sur { $site }
mail-exists-text = Cette adresse a été donnée pour créer un compte sur { $site }, et elle en a déjà un : { $account }.
mail-exists-button = Se connecter
mail-exists-ignore = Si ce n’était pas vous, ignorez ce message : rien n’a changé.
