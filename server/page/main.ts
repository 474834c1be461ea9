// Starts the page.

import { Desk } from './desk.ts';
import { byId } from './dom.ts';
import { foldByWidth } from './folds.ts';
import { KeyStore } from './key-store.ts';

byId('starting', HTMLElement).hidden = true;
foldByWidth();
new Desk(new KeyStore(() => window.sessionStorage)).start();
