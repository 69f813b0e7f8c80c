// Written by the circuit build from circuits.json.
pragma circom 2.2.3;

function NOTE_TREE_DEPTH() { return 24; }
function AMOUNT_BITS() { return 128; }
function REGISTRATION_TREE_DEPTH() { return 20; }
function READINGS_TREE_DEPTH() { return 20; }
function READING_BITS() { return 32; }
function SUM_BITS() { return 52; }
function SUM_SHIFT() { return 64; }
function WATT_HOUR() { return 1000000000000000; }
function SLOT_BITS() { return 2; }
function SLOT_SHARES() { return [2, 4, 8, 8]; }
function MODEL_INPUTS() { return 30; }
function FIRST_LAYER() { return 16; }
function SECOND_LAYER() { return 8; }
function WEIGHT_BITS() { return 14; }
function WEIGHT_FRACTION() { return 11; }
function FEATURE_BITS() { return 12; }
function FEATURE_FRACTION() { return 8; }
function TAG_SPENDING_KEY() { return 1; }
function TAG_NULLIFIER_KEY() { return 2; }
function TAG_METER() { return 3; }
function TAG_ISSUE() { return 4; }
function TAG_SETTLE() { return 5; }
function TAG_TRADE() { return 6; }
function TAG_RECEIPT() { return 7; }
