# Tratamento: você. “Aplicativo” é onde se entra; “dispositivo”, de onde se entra.

## The frame of every page

language = Idioma
skip-to-content = Ir para o conteúdo
main-navigation = Navegação principal
account-link = Conta
administration-link = Administração
sign-out = Sair
continue = Continuar

## Forms

username = Nome de usuário
email = E-mail
name = Nome
password = Senha
optional = opcional
password-hint = Longa é melhor que complicada: algumas palavras sem relação entre si bastam.
form-mistakes = Corrija o seguinte e tente novamente:
mistake-username = Um nome de usuário tem de 1 a 64 caracteres: letras sem acento, algarismos e . _ - +
mistake-email = Um endereço de e-mail é como name@example.com, em ASCII, com no máximo 254 caracteres.
mistake-name = Um nome tem de 1 a 128 caracteres, sem caracteres de controle ou de direção.
mistake-password = Uma senha tem de 8 a 1024 caracteres.
username-taken = Este nome de usuário já está em uso.
email-taken = Este endereço de e-mail já está em uso.
too-many-attempts = Tentativas demais. Aguarde { $wait } e tente novamente.
server-busy = O servidor está ocupado. Tente novamente em instantes.

## Signing in

login-title = Entrar
login-choose = Escolher uma conta
login-to-application = para continuar em { $app }
login-to-account = na sua conta
login-continue-as = Continuar como { $account }
login-or-another = ou com outra conta
login-username = Nome de usuário ou e-mail
login-remember = Lembrar deste dispositivo
login-remember-hint = Deixe desmarcado se outras pessoas também o usam.
login-new-here = Primeira vez aqui? { $link }
login-wrong = Esse nome de usuário e essa senha não combinam. Verifique ambos e tente novamente.
login-busy = Muitas pessoas estão entrando agora. Tente novamente em instantes.

## Making an account

sign-up-title = Criar uma conta
sign-up-submit = Criar conta
sign-up-have-account = Já tem uma conta? { $link }

## What is said of an application

app-unverified = Este aplicativo se registrou por conta própria. Ninguém aqui verificou o nome e os links dele. Continue apenas se você espera chegar a { $host }.
app-next = Em seguida, você irá para { $host }
app-about = Sobre { $app }
app-website = Site
app-privacy = Privacidade
app-terms = Termos

## Consent

consent-title = Permitir { $app }?
consent-heading = Permitir que { $app } use a sua conta?
signed-in-as = Você entrou como { $account }.
consent-not-you = Não é você?
consent-able = O aplicativo poderá
consent-allow = Permitir
consent-deny = Não permitir
consent-take-back = Você pode retirar essa permissão a qualquer momento na { $link }.
consent-account-page = página da sua conta

## What scopes allow; the first ones continue “It will be able to”

scope-openid = Saber que é você
scope-openid-more = Ele recebe um identificador da sua conta e sabe quando e como você entrou.
scope-profile = Ver o seu perfil
scope-profile-more = Seu nome, nome de usuário e os demais dados do seu perfil.
scope-email = Ver o seu e-mail
scope-email-more = E se o endereço está confirmado.
scope-address = Ver o seu endereço postal
scope-address-more = O endereço postal do seu perfil.
scope-phone = Ver o seu número de telefone
scope-phone-more = E se o número está confirmado.
scope-offline = Manter a conexão
scope-offline-more = Ele mantém o acesso mesmo quando você não o está usando, até que você o retire.
scope-other = Usar “{ $scope }”
scope-other-more = Uma permissão definida pelo aplicativo e pelo serviço dele.

## Devices, and ways to sign in

device-browser-on-system = { $browser } em { $system }
device-unknown = Dispositivo desconhecido
method-password = senha
list-separator = ,{" "}
method-one-time-code = código de uso único
method-security-key = chave de segurança
method-two-steps = duas etapas

## Times

date-time = { $day } de { $month ->
    [1] jan.
    [2] fev.
    [3] mar.
    [4] abr.
    [5] maio
    [6] jun.
    [7] jul.
    [8] ago.
    [9] set.
    [10] out.
    [11] nov.
   *[12] dez.
} de { $year }, { $time } UTC
date-unknown = em momento desconhecido
ago-now = agora mesmo
ago-minutes = { $count ->
    [one] há { $count } minuto
   *[other] há { $count } minutos
}
ago-hours = { $count ->
    [one] há { $count } hora
   *[other] há { $count } horas
}
duration-seconds = { $count ->
    [one] { $count } segundo
   *[other] { $count } segundos
}
duration-minutes = { $count ->
    [one] { $count } minuto
   *[other] { $count } minutos
}
duration-hours = { $count ->
    [one] { $count } hora
   *[other] { $count } horas
}

## One's own account

account-title = Sua conta
account-devices = Onde você está conectado
account-devices-hint = Se não reconhecer um dispositivo, encerre a sessão dele e altere a sua senha.
account-sign-out-device = Sair: { $device }
account-this-device = Este dispositivo
session-last-used = Último uso: { $when }
session-signed-in = Entrada: { $when }, de { $ip }
session-signed-in-with = Entrada: { $when }, de { $ip } ({ $methods })
session-ends = termina: { $when }
account-sign-out-others = Sair de todos os outros dispositivos
account-sign-out-others-hint = Será preciso entrar de novo em todos os dispositivos, menos neste.
account-sign-out-others-submit = Sair dos outros
account-apps = Aplicativos com acesso
account-apps-hint = O que você permitiu e como retirar.
account-no-apps = Nenhum ainda. Quando você entrar em um aplicativo com esta conta, ele aparecerá aqui.
account-app-since = Desde: { $when }
account-app-open = Abrir
account-app-open-name = Abrir { $app }
account-app-remove = Retirar acesso
account-app-remove-name = Retirar acesso: { $app }
account-app-remove-hint = O acesso termina na hora. Da próxima vez que você usar { $app }, ele terá de pedir permissão de novo.
account-change-password = Alterar senha
account-current-password = Senha atual
account-new-password = Nova senha
account-wrong-password = A senha atual não está correta. Nada foi alterado.
account-password-too-short = A nova senha é curta demais. Use pelo menos { $count ->
    [one] { $count } caractere
   *[other] { $count } caracteres
}.
account-password-too-long = A nova senha é longa demais. Use no máximo { $count ->
    [one] { $count } caractere
   *[other] { $count } caracteres
}.
notice-session-ended = A sessão desse dispositivo foi encerrada.
notice-others-ended = As sessões de todos os seus outros dispositivos foram encerradas.
notice-app-revoked = O aplicativo não tem mais acesso à sua conta.
notice-password-changed = Sua senha foi alterada. As sessões de todos os seus outros dispositivos foram encerradas.

## Signing out

logout-title = Sair
logout-question = Sair?
logout-asked-by = { $app } pede para encerrar a sua sessão no { $product }.
logout-here = Isto encerra a sua sessão no { $product } neste dispositivo.
logout-stay = Continuar conectado
signed-out-title = Sessão encerrada
signed-out-heading = Você saiu
signed-out-hint = Se outras pessoas também usam este dispositivo, feche também o navegador.
signed-out-back = Voltar para { $app }
signed-out-again = Entrar de novo
signing-out-title = Saindo
signing-out-apps = { $count ->
    [one] Você também está saindo de um aplicativo:
   *[other] Você também está saindo destes aplicativos:
}
signing-out-frame = Saída de { $app }

## On the way back to an application

form-post-title = De volta a { $host }
form-post-heading = Voltando para { $host }
form-post-moment = Isso leva um instante.

## The first administrator

setup-title = Configuração
setup-heading = Criar o administrador
setup-lead = Esta conta cuida de aplicativos e usuários. O link que trouxe você até aqui funciona apenas uma vez.
setup-submit = Criar administrador
setup-done-title = Pronto
setup-done-heading = O { $product } está pronto
setup-done-lead = { $account } administra este servidor. Agora, registre o primeiro aplicativo.
setup-done-register = Registrar um aplicativo
setup-done-look = Dar uma olhada antes
