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

## A forma de entrar mudou

mail-app-added-subject = Um aplicativo autenticador foi configurado para sua conta em { $site }
mail-app-added-text = Para entrar na sua conta { $account } em { $site } agora é pedido um código de um aplicativo autenticador que acabou de ser configurado. Também há novos códigos de recuperação.
mail-app-removed-subject = O aplicativo autenticador da sua conta em { $site } foi desativado
mail-app-removed-text = Sua conta { $account } em { $site } não tem mais aplicativo autenticador, e os códigos de recuperação dela não valem mais.
mail-codes-made-subject = Novos códigos de recuperação para sua conta em { $site }
mail-codes-made-text = Novos códigos de recuperação foram criados para sua conta { $account } em { $site }. Os antigos não valem mais.
mail-code-used-subject = Um código de recuperação da sua conta em { $site } foi usado
mail-code-used-text = Um código de recuperação foi usado no lugar do aplicativo autenticador para entrar na sua conta { $account } em { $site }.
mail-passkey-removed-subject = Uma chave de acesso foi removida da sua conta em { $site }
mail-passkey-removed-text = A chave de acesso “{ $passkey }” foi removida da sua conta { $account } em { $site }.
mail-linked-subject = Sua conta em { $site } foi vinculada a { $provider }
mail-linked-text = A conta “{ $label }” em { $provider } foi vinculada à sua conta { $account } em { $site }. Quem a tiver pode entrar.
mail-unlinked-subject = Sua conta em { $site } não está mais vinculada a { $provider }
mail-unlinked-text = Com a conta “{ $label }” em { $provider } não é mais possível entrar na sua conta { $account } em { $site }.
mail-change-not-you = Se foi você, não há nada a fazer. Se não foi, outra pessoa tem acesso à sua conta: desfaça a alteração e altere sua senha imediatamente.

## A wrong second step, and the end of an account

mail-second-refused-subject = Uma entrada na sua conta em { $site } parou no segundo passo
mail-second-refused-text = A senha certa da sua conta { $account } em { $site } foi digitada e, depois, um código errado. Ninguém entrou.
mail-second-refused-not-you = Se não foi você, outra pessoa conhece a sua senha. Escolha uma nova imediatamente.
mail-deleted-subject = A sua conta em { $site } foi excluída
mail-deleted-text = A sua conta { $account } em { $site } foi excluída. Esta é a última mensagem sobre ela.
mail-deleted-not-you = Se você não queria isso, avise o operador imediatamente.
mail-deleted-button = Ir para { $site }
