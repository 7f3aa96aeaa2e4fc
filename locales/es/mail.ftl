# Tratamiento: usted.

## What stands in all of them

mail-copy-link = Si el botón no hace nada, copie esta dirección en su navegador:
mail-footer = Este mensaje lo envió { $site } automáticamente. Nadie lee las respuestas.
mail-works-minutes = Sirve una sola vez, durante { $count ->
        [one] un minuto
       *[other] { $count } minutos
    }.
mail-works-hours = Sirve una sola vez, durante { $count ->
        [one] una hora
       *[other] { $count } horas
    }.
mail-works-days = Sirve una sola vez, durante { $count ->
        [one] un día
       *[other] { $count } días
    }.
mail-time = Hora
mail-device = Dispositivo
mail-address = Dirección IP

## Confirming an address

mail-verify-subject = Confirme su correo electrónico para { $site }
mail-verify-text = Se indicó esta dirección para la cuenta { $account } en { $site }. Si es su cuenta, confirme que la dirección le pertenece.
mail-verify-button = Confirmar esta dirección
mail-verify-ignore = Si no conoce esta cuenta, ignore este mensaje: sin usted no pasará nada.

## A forgotten password

mail-reset-subject = Elija una contraseña nueva para { $site }
mail-reset-text = Alguien pidió una contraseña nueva para su cuenta { $account } en { $site }.
mail-reset-button = Elegir una contraseña nueva
mail-reset-ignore = Si no fue usted, ignore este mensaje: su contraseña sigue siendo la misma.

## A code and a link to sign in with

mail-code-subject = Su código para iniciar sesión en { $site }
mail-code-text = Introduzca este código para iniciar sesión en { $site }:
mail-code-link = O inicie sesión con este botón, en el navegador desde el que pidió el código.
mail-code-button = Iniciar sesión
mail-code-ignore = No diga este código a nadie: quien se lo pida quiere entrar en su cuenta. Si no lo pidió, ignore este mensaje.

## The password was changed

mail-password-subject = Se cambió su contraseña para { $site }
mail-password-text = Se cambió la contraseña de su cuenta { $account } en { $site }.
mail-password-not-you = Si no fue usted, otra persona tiene acceso a su cuenta. Elija una contraseña nueva de inmediato.
mail-password-button = Elegir una contraseña nueva

## A passkey was added

mail-passkey-subject = Se añadió una llave de acceso a su cuenta en { $site }
mail-passkey-text = La llave de acceso «{ $passkey }» se añadió a su cuenta { $account } en { $site }. Quien la tenga puede iniciar sesión.
mail-passkey-not-you = Si no fue usted, otra persona tiene acceso a su cuenta. Quite la llave de acceso y cambie su contraseña de inmediato.
mail-passkey-button = Ver mi cuenta

## An invitation

mail-invitation-subject = Tiene una invitación a { $site }
mail-invitation-text = { $inviter } le invita a crear una cuenta en { $site }.
mail-invitation-button = Aceptar la invitación
mail-invitation-ignore = Si no sabe quién es, ignore este mensaje.

## A sign-in on a new device

mail-sign-in-subject = Nuevo inicio de sesión en su cuenta de { $site }
mail-sign-in-text = Alguien inició sesión en su cuenta { $account } en { $site } desde un dispositivo que no conocíamos.
mail-sign-in-you = Si fue usted, no tiene que hacer nada.
mail-sign-in-not-you = Si no fue usted, otra persona conoce su contraseña. Cierre la sesión de ese dispositivo y cambie su contraseña de inmediato.
mail-sign-in-button = Ver mi cuenta

## Cambió la forma de iniciar sesión

mail-app-added-subject = Se configuró una aplicación de autenticación para su cuenta en { $site }
mail-app-added-text = Para iniciar sesión en su cuenta { $account } en { $site } se pide ahora un código de una aplicación de autenticación que se acaba de configurar. También hay nuevos códigos de recuperación.
mail-app-removed-subject = Se desactivó la aplicación de autenticación de su cuenta en { $site }
mail-app-removed-text = Su cuenta { $account } en { $site } ya no tiene aplicación de autenticación y sus códigos de recuperación ya no sirven.
mail-codes-made-subject = Nuevos códigos de recuperación para su cuenta en { $site }
mail-codes-made-text = Se crearon nuevos códigos de recuperación para su cuenta { $account } en { $site }. Los anteriores ya no sirven.
mail-code-used-subject = Se usó un código de recuperación de su cuenta en { $site }
mail-code-used-text = Se usó un código de recuperación en lugar de la aplicación de autenticación para iniciar sesión en su cuenta { $account } en { $site }.
mail-passkey-removed-subject = Se quitó una llave de acceso de su cuenta en { $site }
mail-passkey-removed-text = La llave de acceso «{ $passkey }» se quitó de su cuenta { $account } en { $site }.
mail-linked-subject = Su cuenta en { $site } se vinculó con { $provider }
mail-linked-text = La cuenta «{ $label }» de { $provider } se vinculó con su cuenta { $account } en { $site }. Quien la tenga puede iniciar sesión.
mail-unlinked-subject = Su cuenta en { $site } ya no está vinculada con { $provider }
mail-unlinked-text = Con la cuenta «{ $label }» de { $provider } ya no se puede iniciar sesión en su cuenta { $account } en { $site }.
mail-change-not-you = Si fue usted, no tiene que hacer nada. Si no, otra persona tiene acceso a su cuenta: deshaga el cambio y cambie su contraseña de inmediato.

## A wrong second step, and the end of an account

mail-second-refused-subject = Un inicio de sesión en su cuenta de { $site } se detuvo en el segundo paso
mail-second-refused-text = Se introdujo la contraseña correcta de su cuenta { $account } en { $site } y después un código incorrecto. No se inició ninguna sesión.
mail-second-refused-not-you = Si no fue usted, otra persona conoce su contraseña. Elija una nueva de inmediato.
mail-deleted-subject = Se eliminó su cuenta de { $site }
mail-deleted-text = Se eliminó su cuenta { $account } de { $site }. Este es el último mensaje sobre ella.
mail-deleted-not-you = Si usted no lo quería, avise de inmediato al operador.
mail-deleted-button = Ir a { $site }
