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

contract TradeVerifier {
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


    uint256 constant IC0x = 8546666314089384952623326750114574894681048728966687487012838167347836254665;
    uint256 constant IC0y = 1519977164745244827738677707295462917186208596102105923988271897010823603591;

    uint256 constant IC1x = 6296026149157892496993630322954525204562459980299203130348978315864838200521;
    uint256 constant IC1y = 13845792643324468324554288981623559096510019780758556798664070997753777487113;

    uint256 constant IC2x = 7532632011169504794821971472199080804278121684271342283116905086094894057603;
    uint256 constant IC2y = 13679299978349368817048210513685476033082604263456162851702231657510529199136;

    uint256 constant IC3x = 20795653928192481239173905746344064271986253849528010461103516208565464191752;
    uint256 constant IC3y = 19927240707379021539999987315052898868245832860249603935527568041031455748036;

    uint256 constant IC4x = 9766606427638628606906470907455424376529240396331496178425348209429415951918;
    uint256 constant IC4y = 8707885503499548956140892246059329340915999147726614707256684752451000722850;

    uint256 constant IC5x = 16566376715633484125492625272965394798640634105154125483330685224689704365750;
    uint256 constant IC5y = 4484825578494905608404278252271118685662930712110037527125125597227866990423;

    uint256 constant IC6x = 17892459682377523418829786848661813149635576793777198411495361102023142982300;
    uint256 constant IC6y = 19071819468145521461186476599770625362296503852640931674538999006756858763373;

    uint256 constant IC7x = 3372181421105142376252106195427688377776443368517093205408132784444916200361;
    uint256 constant IC7y = 15650403306133464167055063401662332650910261418626612869603807089395460988112;

    uint256 constant IC8x = 9378373015059043159744662628615220705412089425915638904859116235996078910510;
    uint256 constant IC8y = 2762950708363768233207284845850447366107414742628801638869200230125531640508;

    uint256 constant IC9x = 8402502288247897998995205072661977585083888145858390112369196965282114010767;
    uint256 constant IC9y = 7628521862418739996971755096860672550173023375477949160358525253106191804865;

    uint256 constant IC10x = 2594129172076756730737203828977475370085396712915984487298375171702554761514;
    uint256 constant IC10y = 15345374884115339632110412378637591323710609177151578687974739429011309310071;

    uint256 constant IC11x = 1210177800775433700272524502687156315917903918294154377659456982223248158795;
    uint256 constant IC11y = 11795946173153801932173726030632911110238335600531763769143378912916432451875;

    uint256 constant IC12x = 7711200357984326238759894379059493871697260923765056527469350910546370855793;
    uint256 constant IC12y = 575759948506276003372964552437711739826474431629771383903492107955641404895;

    uint256 constant IC13x = 4188054891301125451699386457229179119538998411065387107296715141515251702724;
    uint256 constant IC13y = 15972977447625766681296365018462706066982228059897218354940140248540208332866;

    uint256 constant IC14x = 15980202295827088431604832405842965298607968075228392276463546381818184885272;
    uint256 constant IC14y = 3204009513760230391219964189762189233630937665033571545415914269022481058172;


    // Memory data
    uint16 constant pVk = 0;
    uint16 constant pPairing = 128;

    uint16 constant pLastMem = 896;

    function verifyProof(uint[2] calldata _pA, uint[2][2] calldata _pB, uint[2] calldata _pC, uint[14] calldata _pubSignals) public view returns (bool) {
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

                g1_mulAccC(_pVk, IC11x, IC11y, calldataload(add(pubSignals, 320)))

                g1_mulAccC(_pVk, IC12x, IC12y, calldataload(add(pubSignals, 352)))

                g1_mulAccC(_pVk, IC13x, IC13y, calldataload(add(pubSignals, 384)))

                g1_mulAccC(_pVk, IC14x, IC14y, calldataload(add(pubSignals, 416)))


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

            checkField(calldataload(add(_pubSignals, 320)))

            checkField(calldataload(add(_pubSignals, 352)))

            checkField(calldataload(add(_pubSignals, 384)))

            checkField(calldataload(add(_pubSignals, 416)))


            // Validate all evaluations
            let isValid := checkPairing(_pA, _pB, _pC, _pubSignals, pMem)

            mstore(0, isValid)
             return(0, 0x20)
         }
     }
 }
