// SPDX-License-Identifier: GPL-3.0
/*
    Copyright 2021 0KIMS association.

    This file is generated with [snarkJS](https://github.com/iden3/snarkjs).

    snarkJS is a free software: you can redistribute it and/or modify it
    under the terms of the GNU General Public License as published by
    the Free Software Foundation, either version 3 of the License, or
    (at your option) any later version.

    snarkJS is distributed in the hope that it will be useful, but WITHOUT
    ANY WARRANTY; without even the implied warranty of MERCHANTABILITY
    or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public
    License for more details.

    You should have received a copy of the GNU General Public License
    along with snarkJS. If not, see <https://www.gnu.org/licenses/>.
*/

pragma solidity 0.8.37;

contract JoinsplitVerifier {
    // Scalar field size
    uint256 constant r    = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    // Base field size
    uint256 constant q   = 21888242871839275222246405745257275088696311157297823662689037894645226208583;

    // Verification Key data
    uint256 constant alphax  = 12047277315545393446432533194105861748493749961111279412503505013223566788818;
    uint256 constant alphay  = 10836192712318787167338822767582714876717450643732515081711235745407768247526;
    uint256 constant betax1  = 606128294142695795734993842378445397620939870200446647615294288187837186294;
    uint256 constant betax2  = 13451787869628751450187549664479150974143282278110095106306677247157999101292;
    uint256 constant betay1  = 3725362992740209401811714893428870010688016797461628931308900641308901936499;
    uint256 constant betay2  = 16354187464705251142347397959280012594666459856697973008830885126420488748830;
    uint256 constant gammax1 = 11559732032986387107991004021392285783925812861821192530917403151452391805634;
    uint256 constant gammax2 = 10857046999023057135944570762232829481370756359578518086990519993285655852781;
    uint256 constant gammay1 = 4082367875863433681332203403145435568316851327593401208105741076214120093531;
    uint256 constant gammay2 = 8495653923123431417604973247489272438418190587263600148770280649306958101930;
    uint256 constant deltax1 = 20202752606003202355854969325084967545474929012921297127651412083105417113091;
    uint256 constant deltax2 = 20518698925380466560236031699008443491623761606123040183300312633151830085585;
    uint256 constant deltay1 = 9447400790546090559227266025584995000021772441054676103486555271320428659417;
    uint256 constant deltay2 = 18127795117392200697855961025298904214413548842038991989336318151651349914153;


    uint256 constant IC0x = 2212848954505176663210958364343150908964604927355995843910165652585779664566;
    uint256 constant IC0y = 969831278683038605036325479321525168534188388756404788892386002245735143363;

    uint256 constant IC1x = 20060506924234875990545744985601880676403738009851438319820097559817599029493;
    uint256 constant IC1y = 18473625986195298293241357594126627917789951837146561863426353754751430733189;

    uint256 constant IC2x = 13965626413019491172763223185907708499993497671214611648788056414880768283973;
    uint256 constant IC2y = 12794571747489274801334356171593360080733520684975322165902820927394114969779;

    uint256 constant IC3x = 2076734698100790856549978943009932467673252796422298770711346651968865812391;
    uint256 constant IC3y = 6303498802018743849233531117550373490051746231073600076890544095606734659739;

    uint256 constant IC4x = 18185620322989558015873674989883055730478122844683302300799260804469363522944;
    uint256 constant IC4y = 13215779816333763168821520725171024902920940818658344402196797385567038522221;

    uint256 constant IC5x = 7250217855603827390046832713435846412801666203562332945573147475373473918498;
    uint256 constant IC5y = 431593379329954037556076723835913527021412384427611273541822178281395865290;

    uint256 constant IC6x = 10366276104525366922614593633560191046934460810104003764387879363632542182613;
    uint256 constant IC6y = 1951005632931965431356465898347961304767798331212301124323632403005144150248;

    uint256 constant IC7x = 21794985609832154477490264438820531385376186585379893534250771021919627333471;
    uint256 constant IC7y = 19510477074784067035174873867589550936848708706983567494974982704602738794676;

    uint256 constant IC8x = 21822067899359502302542064682154113646572071435768320691648752544082542804799;
    uint256 constant IC8y = 114851625259085886200674660913601543148097845727521283490398976913848970147;

    uint256 constant IC9x = 1020291528234015550482952637777518881757449949605701487724452861447339574921;
    uint256 constant IC9y = 7247262800753478580489125461364035689308771566282495740704850922950307245359;

    uint256 constant IC10x = 7081131271545408352591218811411195621322934321970665634912841708564069121341;
    uint256 constant IC10y = 7879877772655496738593516401096393388572201784588356035834171952244574881023;


    // Memory data
    uint16 constant pVk = 0;
    uint16 constant pPairing = 128;

    uint16 constant pLastMem = 896;

    function verifyProof(uint[2] calldata _pA, uint[2][2] calldata _pB, uint[2] calldata _pC, uint[10] calldata _pubSignals) public view returns (bool) {
        assembly {
            function checkField(v) {
                if iszero(lt(v, r)) {
                    mstore(0, 0)
                    return(0, 0x20)
                }
            }

            // G1 function to multiply a G1 value(x,y) to value in an address
            function g1_mulAccC(pR, x, y, s) {
                let success
                let mIn := mload(0x40)
                mstore(mIn, x)
                mstore(add(mIn, 32), y)
                mstore(add(mIn, 64), s)

                success := staticcall(sub(gas(), 2000), 7, mIn, 96, mIn, 64)

                if iszero(success) {
                    mstore(0, 0)
                    return(0, 0x20)
                }

                mstore(add(mIn, 64), mload(pR))
                mstore(add(mIn, 96), mload(add(pR, 32)))

                success := staticcall(sub(gas(), 2000), 6, mIn, 128, pR, 64)

                if iszero(success) {
                    mstore(0, 0)
                    return(0, 0x20)
                }
            }

            function checkPairing(pA, pB, pC, pubSignals, pMem) -> isOk {
                let _pPairing := add(pMem, pPairing)
                let _pVk := add(pMem, pVk)

                mstore(_pVk, IC0x)
                mstore(add(_pVk, 32), IC0y)

                // Compute the linear combination vk_x

                g1_mulAccC(_pVk, IC1x, IC1y, calldataload(add(pubSignals, 0)))

                g1_mulAccC(_pVk, IC2x, IC2y, calldataload(add(pubSignals, 32)))

                g1_mulAccC(_pVk, IC3x, IC3y, calldataload(add(pubSignals, 64)))

                g1_mulAccC(_pVk, IC4x, IC4y, calldataload(add(pubSignals, 96)))

                g1_mulAccC(_pVk, IC5x, IC5y, calldataload(add(pubSignals, 128)))

                g1_mulAccC(_pVk, IC6x, IC6y, calldataload(add(pubSignals, 160)))

                g1_mulAccC(_pVk, IC7x, IC7y, calldataload(add(pubSignals, 192)))

                g1_mulAccC(_pVk, IC8x, IC8y, calldataload(add(pubSignals, 224)))

                g1_mulAccC(_pVk, IC9x, IC9y, calldataload(add(pubSignals, 256)))

                g1_mulAccC(_pVk, IC10x, IC10y, calldataload(add(pubSignals, 288)))


                // -A
                mstore(_pPairing, calldataload(pA))
                mstore(add(_pPairing, 32), mod(sub(q, calldataload(add(pA, 32))), q))

                // B
                mstore(add(_pPairing, 64), calldataload(pB))
                mstore(add(_pPairing, 96), calldataload(add(pB, 32)))
                mstore(add(_pPairing, 128), calldataload(add(pB, 64)))
                mstore(add(_pPairing, 160), calldataload(add(pB, 96)))

                // alpha1
                mstore(add(_pPairing, 192), alphax)
                mstore(add(_pPairing, 224), alphay)

                // beta2
                mstore(add(_pPairing, 256), betax1)
                mstore(add(_pPairing, 288), betax2)
                mstore(add(_pPairing, 320), betay1)
                mstore(add(_pPairing, 352), betay2)

                // vk_x
                mstore(add(_pPairing, 384), mload(add(pMem, pVk)))
                mstore(add(_pPairing, 416), mload(add(pMem, add(pVk, 32))))


                // gamma2
                mstore(add(_pPairing, 448), gammax1)
                mstore(add(_pPairing, 480), gammax2)
                mstore(add(_pPairing, 512), gammay1)
                mstore(add(_pPairing, 544), gammay2)

                // C
                mstore(add(_pPairing, 576), calldataload(pC))
                mstore(add(_pPairing, 608), calldataload(add(pC, 32)))

                // delta2
                mstore(add(_pPairing, 640), deltax1)
                mstore(add(_pPairing, 672), deltax2)
                mstore(add(_pPairing, 704), deltay1)
                mstore(add(_pPairing, 736), deltay2)


                let success := staticcall(sub(gas(), 2000), 8, _pPairing, 768, _pPairing, 0x20)

                isOk := and(success, mload(_pPairing))
            }

            let pMem := mload(0x40)
            mstore(0x40, add(pMem, pLastMem))

            // Validate that all evaluations ∈ F

            checkField(calldataload(add(_pubSignals, 0)))

            checkField(calldataload(add(_pubSignals, 32)))

            checkField(calldataload(add(_pubSignals, 64)))

            checkField(calldataload(add(_pubSignals, 96)))

            checkField(calldataload(add(_pubSignals, 128)))

            checkField(calldataload(add(_pubSignals, 160)))

            checkField(calldataload(add(_pubSignals, 192)))

            checkField(calldataload(add(_pubSignals, 224)))

            checkField(calldataload(add(_pubSignals, 256)))

            checkField(calldataload(add(_pubSignals, 288)))


            // Validate all evaluations
            let isValid := checkPairing(_pA, _pB, _pC, _pubSignals, pMem)

            mstore(0, isValid)
             return(0, 0x20)
         }
     }
 }
