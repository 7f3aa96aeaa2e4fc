# How people get an account by themselves, and a code by mail.

## Accepting an invitation

invitation-title = Cree su cuenta
invitation-lead = Ha recibido una invitación.
invitation-for = Su cuenta tendrá la dirección { $email }.
invitation-passkey-hint = Con una llave de acceso entra con su huella, su cara o el PIN de su dispositivo. No hay nada que recordar.
invitation-passkey = Continuar con una llave de acceso
invitation-or-password = o con una contraseña
invitation-passkey-made = Su llave de acceso está creada. Corrija lo de arriba y su cuenta estará lista.
invitation-dead = Este enlace ya se usó, es demasiado antiguo o fue retirado.
invitation-dead-fix = Si ya ha creado su cuenta, inicie sesión. Si no, pida otro enlace.

## Signing up by mail

sign-up-mail-hint = Recibirá un correo con un enlace para continuar.
sign-up-sent-title = Mire su correo
sign-up-sent = Hemos enviado un correo a { $email }. En él se dice cómo continuar.
sign-up-sent-nothing = ¿No ha llegado nada? Mire en el correo no deseado o compruebe la dirección.
sign-up-sent-again = Probar otra dirección

## A code by mail

code-send = Enviarme un código por correo
code-whose = El código se envía a la dirección confirmada de esta cuenta.
code-title = Introduzca su código
code-sent = Si hay una cuenta { $account } con una dirección confirmada, un código está en camino. Vale diez minutos, en este navegador.
code-label = Código
code-hint = Ocho cifras, del correo.
code-wrong = Ese código no es correcto o ya no vale. Compruébelo o pida otro.
code-another-way = Iniciar sesión de otra forma
code-off = Este servidor no envía códigos.
code-dead = Este enlace ya se usó o es demasiado antiguo.
code-dead-fix = Pida otro código donde inicia sesión.
code-elsewhere-title = Introduzca este código en el otro navegador
code-elsewhere = Ha abierto el enlace en otro navegador que aquel en el que lo pidió. Introduzca allí este código:
code-elsewhere-not-you = No dé este código a nadie. ¿No lo ha pedido? Cierre esta página y no ocurrirá nada.
method-mailed-code = código por correo

## Mails

mail-invitation-by-nobody = Ha recibido una invitación para crear una cuenta en { $site }.
mail-sign-up-subject = Cree su cuenta en { $site }
mail-sign-up-text = Se ha dado esta dirección para crear una cuenta en { $site }. Continúe con este botón.
mail-sign-up-button = Crear mi cuenta
mail-sign-up-ignore = Si no ha sido usted, ignore este mensaje: sin usted no ocurre nada.
mail-exists-subject = Ya tiene una cuenta en { $site }
mail-exists-text = Se ha dado esta dirección para crear una cuenta en { $site }, y ya tiene una: { $account }.
mail-exists-button = Iniciar sesión
mail-exists-ignore = Si no ha sido usted, ignore este mensaje: no ha cambiado nada.
