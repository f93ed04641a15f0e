import './jitless.ts'
import './styles/fonts.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/table.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { keepConnected } from './connection.ts'
import { openMessagePort, openWebSocket } from './transport.ts'

const bridge = window.espalier
const rpcAddress = new URL('rpc', window.location.href)
rpcAddress.protocol = rpcAddress.protocol.replace('http', 'ws')
rpcAddress.hash = ''
rpcAddress.search = ''

createApp(App).use(createPinia()).mount('#app')
keepConnected(() => (bridge ? openMessagePort(bridge) : openWebSocket(rpcAddress.href)))
