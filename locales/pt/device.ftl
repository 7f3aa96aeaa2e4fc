# Devices without a browser, which a person connects by a code.

device-title = Conectar um dispositivo
device-code = Código do dispositivo
device-code-hint = As oito letras que o dispositivo mostra, por exemplo
device-never-sent = Digite apenas o código de um dispositivo que esteja à sua frente. Ninguém tem motivo para enviar um a você.
device-malformed = Um código tem oito letras. Compare o que você digitou com o que o dispositivo mostra.
device-not-waiting = Nenhum dispositivo espera por este código, ou não mais: um código vale por dez minutos e uma única vez. Compare-o com o que o dispositivo mostra ou peça ao dispositivo que mostre um novo.
device-allow-title = Entrar em { $app } em um dispositivo?
device-compare = O dispositivo à sua frente mostra este código?
device-phishing = Alguém enviou a você o código ou um link para esta página? Então não permita: essa pessoa entraria na sua conta.
device-unverified = Este aplicativo se registrou por conta própria. Ninguém aqui verificou o nome e os links dele. Continue apenas se você mesmo o escolheu.
device-allowed-title = Seu dispositivo está conectado
device-allowed = Você pode voltar ao seu dispositivo. { $app } continua lá em alguns segundos.
device-denied-title = Seu dispositivo não está conectado
device-denied = { $app } fica sabendo que você não permite.
device-close = Você pode fechar esta página.
activity-device-allowed = Um dispositivo foi conectado a { $app }
activity-device-denied = Um dispositivo foi recusado em { $app }
