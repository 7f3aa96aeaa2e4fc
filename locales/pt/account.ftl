# What people see and do in their own account, beyond how they sign in.
tab-overview = Visão geral
tab-profile = Perfil

## The profile
profile-title = O seu perfil
profile-hint = As aplicações que você autoriza a ver o seu perfil recebem o que está aqui. Tudo pode ficar vazio.
profile-names = Com o que você entra
profile-username-hint = Algumas aplicações podem conhecê-lo por ele; só um administrador pode alterá-lo.
profile-change-email = Alterar endereço
profile-confirmed = confirmado
profile-unconfirmed = não confirmado
profile-about = Sobre você
profile-full-name = Nome completo
profile-postal = Endereço postal
claim-given-names = Nomes próprios
claim-middle-names = Nomes do meio
claim-family-names = Sobrenomes
claim-nickname = Apelido
claim-phone = Telefone
claim-birthdate = Data de nascimento
claim-gender = Gênero
claim-locale = Idioma preferido
claim-time-zone = Fuso horário
claim-picture = Endereço de uma imagem
claim-profile = Endereço de uma página de perfil
claim-website = Site
claim-street = Rua
claim-formatted = Endereço como numa carta
claim-postal-code = Código de endereçamento
claim-city = Cidade
claim-region = Estado ou região
claim-country = País
mistake-claim = “{ $field }” é longo demais ou não tem a forma pedida.
notice-profile-saved = O seu perfil foi salvo.

## Another e-mail address
address-title = Alterar o endereço de e-mail
address-lead = A partir daí você entra com o novo endereço, e as mensagens vão para lá. Ele conta como não confirmado.
address-lead-mailed = Enviamos um e-mail para o novo endereço. Ele substitui o antigo quando você abrir aqui o link desse e-mail; até lá, nada muda.
profile-address-waits = { $email } aguarda confirmação: abra o link do e-mail enviado para lá.
address-told = { $email } será avisado da mudança.
address-new = Novo endereço de e-mail
address-of-directory = O endereço desta conta é mantido pelo diretório da sua organização.
notice-address-changed = O seu endereço de e-mail foi alterado.
mail-moved-subject = O endereço de e-mail da sua conta em { $site } foi alterado
mail-moved-text = A sua conta { $account } em { $site } tem agora outro endereço de e-mail. Nada mais será enviado a este.
mail-moved-not-you = Se não foi você, outra pessoa tem a sua conta. Entre já com o seu nome de usuário, altere a senha e restaure o endereço. Se não conseguir, avise o operador.

## What happened lately
activity-title = Atividade recente
activity-hint = Se houver algo que não foi você, altere a senha e saia de todos os outros dispositivos.
activity-by-administrator = por um administrador
activity-signed-in = Entrada na conta
activity-signed-out = Saída da conta
activity-device-signed-out = Um dispositivo foi desconectado
activity-sign-in-refused = Uma entrada falhou
activity-others-signed-out = Dispositivos foram desconectados
activity-account-made = Conta criada
activity-profile-changed = Perfil alterado
activity-address-changed = Endereço de e-mail alterado
activity-address-confirmed = Endereço de e-mail confirmado
activity-password-changed = Senha alterada
activity-app-allowed = Acesso dado a { $app }
activity-app-removed = Acesso de { $app } removido
activity-authenticator-added = Aplicativo autenticador configurado
activity-authenticator-removed = Aplicativo autenticador desativado
activity-passkey-added = Chave de acesso adicionada
activity-passkey-removed = Chave de acesso removida
activity-codes-made = Novos códigos de recuperação criados
activity-account-linked = Uma conta externa foi vinculada
activity-account-unlinked = Uma conta externa foi desvinculada
activity-other = Outra coisa: { $action }

## Taking one's data along, and leaving
data-title = Os seus dados
data-download = Baixar os seus dados
data-download-hint = Tudo o que este servidor guarda sobre você, num arquivo JSON. Senhas e chaves não estão nele.
delete-title = Excluir a sua conta
delete-hint = Você sai de todos os lugares, e cada aplicação perde o acesso imediatamente. Não é possível desfazer.
delete-confirm = Para continuar, digite o seu nome de usuário: { $username }
delete-submit = Excluir a minha conta para sempre
delete-wrong = Esse não é o seu nome de usuário. Nada foi excluído.
delete-last-administrator = Você é o único administrador deste servidor. Nomeie outra pessoa primeiro.
deleted-title = A sua conta foi excluída
deleted-lead = As aplicações que você usou talvez ainda guardem o que sabem sobre você. Pergunte a elas.
