# Tratamento: você.

## What stands in all of them

mail-copy-link = Se o botão não fizer nada, copie este endereço para o navegador:
mail-footer = Esta mensagem foi enviada automaticamente por { $site }. As respostas não são lidas.
mail-works-minutes = Vale uma única vez, por { $count ->
        [one] { $count } minuto
       *[other] { $count } minutos
    }.
mail-works-hours = Vale uma única vez, por { $count ->
        [one] { $count } hora
       *[other] { $count } horas
    }.
mail-works-days = Vale uma única vez, por { $count ->
        [one] { $count } dia
       *[other] { $count } dias
    }.
mail-time = Horário
mail-device = Dispositivo
mail-address = Endereço IP

## Confirming an address

mail-verify-subject = Confirme seu e-mail para { $site }
mail-verify-text = Este endereço foi informado para a conta { $account } em { $site }. Se a conta é sua, confirme que o endereço lhe pertence.
mail-verify-button = Confirmar este endereço
mail-verify-ignore = Se você não conhece esta conta, ignore esta mensagem: sem você, nada acontece.

## A forgotten password

mail-reset-subject = Escolha uma nova senha para { $site }
mail-reset-text = Alguém pediu uma nova senha para sua conta { $account } em { $site }.
mail-reset-button = Escolher uma nova senha
mail-reset-ignore = Se não foi você, ignore esta mensagem: sua senha continua a mesma.

## A code and a link to sign in with

mail-code-subject = Seu código para entrar em { $site }
mail-code-text = Digite este código para entrar em { $site }:
mail-code-link = Ou entre com este botão, no navegador em que você pediu o código.
mail-code-button = Entrar
mail-code-ignore = Não informe este código a ninguém: quem o pede quer entrar na sua conta. Se você não o pediu, ignore esta mensagem.

## The password was changed

mail-password-subject = Sua senha para { $site } foi alterada
mail-password-text = A senha da sua conta { $account } em { $site } foi alterada.
mail-password-not-you = Se não foi você, outra pessoa tem acesso à sua conta. Escolha uma nova senha imediatamente.
mail-password-button = Escolher uma nova senha

## A passkey was added

mail-passkey-subject = Uma chave de acesso foi adicionada à sua conta em { $site }
mail-passkey-text = A chave de acesso “{ $passkey }” foi adicionada à sua conta { $account } em { $site }. Quem a tiver pode entrar.
mail-passkey-not-you = Se não foi você, outra pessoa tem acesso à sua conta. Remova a chave de acesso e altere sua senha imediatamente.
mail-passkey-button = Ver minha conta

## An invitation

mail-invitation-subject = Você recebeu um convite para { $site }
mail-invitation-text = { $inviter } convida você a criar uma conta em { $site }.
mail-invitation-button = Aceitar o convite
mail-invitation-ignore = Se você não sabe quem é, ignore esta mensagem.

## A sign-in on a new device

mail-sign-in-subject = Nova entrada na sua conta em { $site }
mail-sign-in-text = Alguém entrou na sua conta { $account } em { $site } a partir de um dispositivo que não conhecíamos.
mail-sign-in-you = Se foi você, não é preciso fazer nada.
mail-sign-in-not-you = Se não foi você, outra pessoa conhece sua senha. Encerre a sessão desse dispositivo e altere sua senha imediatamente.
mail-sign-in-button = Ver minha conta
