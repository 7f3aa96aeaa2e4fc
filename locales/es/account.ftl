# What people see and do in their own account, beyond how they sign in.
tab-overview = Resumen
tab-profile = Perfil

## The profile
profile-title = Su perfil
profile-hint = Las aplicaciones a las que permite ver su perfil reciben lo que figura aquí. Todo puede quedar vacío.
profile-names = Con qué inicia sesión
profile-username-hint = Puede que algunas aplicaciones le conozcan por él, así que solo un administrador puede cambiarlo.
profile-change-email = Cambiar dirección
profile-confirmed = confirmada
profile-unconfirmed = sin confirmar
profile-about = Sobre usted
profile-full-name = Nombre completo
profile-postal = Dirección postal
claim-given-names = Nombre
claim-middle-names = Segundo nombre
claim-family-names = Apellidos
claim-nickname = Apodo
claim-phone = Teléfono
claim-birthdate = Fecha de nacimiento
claim-gender = Género
claim-locale = Idioma preferido
claim-time-zone = Zona horaria
claim-picture = Dirección de una imagen
claim-profile = Dirección de una página de perfil
claim-website = Sitio web
claim-street = Calle
claim-formatted = Dirección como en una carta
claim-postal-code = Código postal
claim-city = Ciudad
claim-region = Estado o región
claim-country = País
mistake-claim = «{ $field }» es demasiado largo o no tiene la forma que se pide.
notice-profile-saved = Su perfil está guardado.

## Another e-mail address
address-title = Cambiar la dirección de correo
address-lead = A partir de entonces iniciará sesión con la nueva dirección y el correo irá allí. Cuenta como no confirmada.
address-lead-mailed = Enviamos un correo a la dirección nueva. Sustituirá a la anterior cuando abra aquí el enlace de ese correo; hasta entonces no cambia nada.
profile-address-waits = { $email } espera confirmación: abra el enlace del correo que se envió allí.
address-told = Se avisará a { $email } del cambio.
address-new = Nueva dirección de correo
address-of-directory = La dirección de esta cuenta la gestiona el directorio de su organización.
notice-address-changed = Su dirección de correo ha cambiado.
mail-moved-subject = Se cambió la dirección de correo de su cuenta en { $site }
mail-moved-text = Su cuenta { $account } en { $site } tiene ahora otra dirección de correo. A esta ya no llegará nada.
mail-moved-not-you = Si no fue usted, otra persona tiene su cuenta. Inicie sesión enseguida con su nombre de usuario, cambie la contraseña y restablezca la dirección. Si no puede, avise al operador.

## What happened lately
activity-title = Actividad reciente
activity-hint = Si hay algo que no hizo usted, cambie la contraseña y cierre la sesión de los demás dispositivos.
activity-by-administrator = por un administrador
activity-signed-in = Inicio de sesión
activity-signed-out = Cierre de sesión
activity-device-signed-out = Se cerró la sesión de un dispositivo
activity-sign-in-refused = Falló un inicio de sesión
activity-others-signed-out = Se cerró la sesión de dispositivos
activity-account-made = Cuenta creada
activity-profile-changed = Perfil modificado
activity-address-changed = Dirección de correo cambiada
activity-address-confirmed = Dirección de correo confirmada
activity-password-changed = Contraseña cambiada
activity-app-allowed = Se dio acceso a { $app }
activity-app-removed = Se retiró el acceso de { $app }
activity-authenticator-added = Aplicación de autenticación configurada
activity-authenticator-removed = Aplicación de autenticación desactivada
activity-passkey-added = Llave de acceso añadida
activity-passkey-removed = Llave de acceso eliminada
activity-codes-made = Nuevos códigos de recuperación creados
activity-account-linked = Se vinculó una cuenta externa
activity-account-unlinked = Se desvinculó una cuenta externa
activity-other = Otra cosa: { $action }

## Taking one's data along, and leaving
data-title = Sus datos
data-download = Descargar sus datos
data-download-hint = Todo lo que este servidor guarda sobre usted, en un archivo JSON. No contiene contraseñas ni claves.
delete-title = Eliminar su cuenta
delete-hint = Se cierra su sesión en todas partes y todas las aplicaciones pierden el acceso de inmediato. No se puede deshacer.
delete-confirm = Para continuar, escriba su nombre de usuario: { $username }
delete-submit = Eliminar mi cuenta para siempre
delete-wrong = Ese no es su nombre de usuario. No se ha eliminado nada.
delete-last-administrator = Usted es el único administrador de este servidor. Nombre primero a otra persona.
deleted-title = Su cuenta está eliminada
deleted-lead = Puede que las aplicaciones que usó conserven lo que saben de usted. Pregúnteles.
