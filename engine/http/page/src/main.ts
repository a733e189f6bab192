/** The page of `lacuna serve`. */

import './style/base.css';
import './style/editor.css';
import './style/panels.css';
import './style/phone.css';
import { App } from './app';

new App().start();
