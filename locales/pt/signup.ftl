# How people get an account by themselves, and a code by mail.

## Accepting an invitation

invitation-title = Crie a sua conta
invitation-lead = Você recebeu um convite.
invitation-for = A sua conta terá o endereço { $email }.
invitation-passkey-hint = Com uma chave de acesso, você entra com a impressão digital, o rosto ou o PIN do seu dispositivo. Não há nada para lembrar.
invitation-passkey = Continuar com uma chave de acesso
invitation-or-password = ou com uma senha
invitation-passkey-made = A sua chave de acesso está criada. Corrija o que está acima e a sua conta fica pronta.
invitation-dead = Este link já foi usado, é antigo demais ou foi retirado.
invitation-dead-fix = Se já criou a sua conta, entre. Se não, peça outro link.

## Signing up by mail

sign-up-mail-hint = Você receberá um e-mail com um link para continuar.
sign-up-sent-title = Veja o seu e-mail
sign-up-sent = Enviamos um e-mail para { $email }. Ele diz como continuar.
sign-up-sent-nothing = Não chegou nada? Veja no spam ou confira o endereço.
sign-up-sent-again = Tentar outro endereço

## A code by mail

code-send = Receber um código por e-mail
code-whose = O código vai para o endereço confirmado desta conta.
code-title = Digite o seu código
code-sent = Se houver uma conta { $account } com um endereço confirmado, um código está a caminho. Vale dez minutos, neste navegador.
code-label = Código
code-hint = Oito dígitos, do e-mail.
code-wrong = Esse código não está certo ou já não vale. Confira-o ou peça outro.
code-another-way = Entrar de outra forma
code-off = Este servidor não envia códigos.
code-dead = Este link já foi usado ou é antigo demais.
code-dead-fix = Peça outro código onde você entra.
code-elsewhere-title = Digite este código no outro navegador
code-elsewhere = Você abriu o link em outro navegador, e não naquele em que o pediu. Digite lá este código:
code-elsewhere-not-you = Não dê este código a ninguém. Não foi você que pediu? Feche esta página e nada acontece.
method-mailed-code = código por e-mail

## Mails

mail-invitation-by-nobody = Você recebeu um convite para criar uma conta em { $site }.
mail-sign-up-subject = Crie a sua conta em { $site }
mail-sign-up-text = Este endereço foi indicado para criar uma conta em { $site }. Continue com este botão.
mail-sign-up-button = Criar a minha conta
mail-sign-up-ignore = Se não foi você, ignore esta mensagem: sem você, nada acontece.
mail-exists-subject = Você já tem uma conta em { $site }
mail-exists-text = Este endereço foi indicado para criar uma conta em { $site }, e já tem uma: { $account }.
mail-exists-button = Entrar
mail-exists-ignore = Se não foi você, ignore esta mensagem: nada mudou.
