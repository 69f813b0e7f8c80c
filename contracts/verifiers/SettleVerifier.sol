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

contract SettleVerifier {
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


    uint256 constant IC0x = 14714406686195553274430206276539370948220474470600170147151038379388376228346;
    uint256 constant IC0y = 1953137013928783187487922319444570292552052873595162939878505686757949031230;

    uint256 constant IC1x = 3077573484417928747295695237942662869778000999835286768136121892400212319117;
    uint256 constant IC1y = 301513378456750450439482082310986677987607508233996777861173574627926852882;

    uint256 constant IC2x = 10772435592719908533317302174053591182541661207614789325980380640210362556603;
    uint256 constant IC2y = 21650367988071416202699894289343945200000976895791808287480241300507795359421;

    uint256 constant IC3x = 20129171442558396973646823593550511371487075324754212890317220711317163816196;
    uint256 constant IC3y = 11812699907450539973744937669607414388507310418455145154004736844996016248869;

    uint256 constant IC4x = 5299074234757185067422508493160826867596762197677514712833609925731122816300;
    uint256 constant IC4y = 376133365827193661085454936222282176869630671429092171424534319947191640787;

    uint256 constant IC5x = 5903179806413590549380202201571317443791847168924043128976605830148845131548;
    uint256 constant IC5y = 17313429101292549844406018667785742804645904009796156827624678869712475527352;

    uint256 constant IC6x = 18775615269124041615081179792200297621590142772891929787716081647225832769770;
    uint256 constant IC6y = 7727378301613778269655227813720844890165656683108571604326117369327894561441;

    uint256 constant IC7x = 17616169374878273743379957051226762998308136287506209013061593019735637571268;
    uint256 constant IC7y = 18160091403092545596543964402300142428304719319060826568297949734826353995817;

    uint256 constant IC8x = 2034705605049642630483556246833665778210646822976590474524508586520210934899;
    uint256 constant IC8y = 372062222937717024762975279523622205027379168252738262952046246469057854714;

    uint256 constant IC9x = 8002069376433028978885835705832000547509265443762363018722109747200500344751;
    uint256 constant IC9y = 11289777057149537316252068498067173266413920109327003357439768175659111671982;

    uint256 constant IC10x = 18383616757701789320265041453306886772138849604980489003578527418629684660659;
    uint256 constant IC10y = 15111554494587426975251168216373357370971004061699831678567790440871616568563;

    uint256 constant IC11x = 14904048825715857692882241045047645730789529617592486092186749633689441837851;
    uint256 constant IC11y = 21604480845893760881374830474216646210054189573800322200157823201802669302492;

    uint256 constant IC12x = 19275012491027048684684340821305454502795955707036536751399266518895458598414;
    uint256 constant IC12y = 8871925145225943249844975068399567276399630476376231166449226756253516203446;

    uint256 constant IC13x = 18002111466957673893713640257195238297284289377754953116492243145564311206034;
    uint256 constant IC13y = 14185948861397121959869013489442321851044720992703294618532978603728465661997;

    uint256 constant IC14x = 17336082183170502864035777235676325963018913307918961424704708816785926910290;
    uint256 constant IC14y = 17410997372847773431384005826528970195815948800330893052818329545884375170548;


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
