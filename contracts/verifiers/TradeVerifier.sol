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


    uint256 constant IC0x = 6056295258473561088745698048760004271799851858302050507216232396768334383297;
    uint256 constant IC0y = 19303135117814870456360340139820839111626318439071784508307703715779927716214;

    uint256 constant IC1x = 8337747979379034529466363168906425925328754407781923875993015373169805222638;
    uint256 constant IC1y = 11813547411767836618537751035976663546549519206813213007015597681549569295966;

    uint256 constant IC2x = 13128230550699176270767980389279518960293634798546720309181963463574774815310;
    uint256 constant IC2y = 1172767184547952554480364694018385825595890047456596253457962257578403538557;

    uint256 constant IC3x = 19154209866481336435762514493228011968981660995607945726514419680373375695287;
    uint256 constant IC3y = 5009521497869649775897817998044807883422100605227736540767223783423621356584;

    uint256 constant IC4x = 17763354311435253012222900027746510586950942641032260044168754540044205302225;
    uint256 constant IC4y = 13633174098972101834063044986739412227310623510816741750770542534703353845083;

    uint256 constant IC5x = 7882966866222688963426802456509359594023764417720979539226364037171766969776;
    uint256 constant IC5y = 5889078753260162878113870942969384969177993984675213160440132718359397913779;

    uint256 constant IC6x = 14466153576842320977827567412659522560442216845184203569161826295626912208960;
    uint256 constant IC6y = 11481006205322249636628776036747458086443289122809713004034443259609458961558;

    uint256 constant IC7x = 6081773610595681189345953089635181393376807811210776324285101863169139349739;
    uint256 constant IC7y = 2691911242313601283836896477670317105741125795383039385191111098228779564382;

    uint256 constant IC8x = 4389832111130907801209366361633839392670516159445459329948346469769820693738;
    uint256 constant IC8y = 3816472744221797006303394668882620761227491603240516835124393249512930686981;

    uint256 constant IC9x = 15831781946046207218885477604820868383489486961572975267048141804949820278082;
    uint256 constant IC9y = 7920232858820893008876025468772172331623720053192362474186730889367747321102;

    uint256 constant IC10x = 17953264348258627642535988427131865408647774440628530076257562260899225941510;
    uint256 constant IC10y = 18664781334885884029129727413303348231118614862739946046427726806958433096626;

    uint256 constant IC11x = 15029660559268545331696326159990437372856497434717006388624920866810723212580;
    uint256 constant IC11y = 5660450767742883060813759843513145087506393649866800372768929621709365659883;

    uint256 constant IC12x = 19732600150662124651536129744239185993132187329020011823825336301069901121376;
    uint256 constant IC12y = 4123257523467623423406486178833576089500628664701816622471420282805386954845;

    uint256 constant IC13x = 2106350192249772270875431269735197749099200086528323284037646844271852698676;
    uint256 constant IC13y = 8143536470095910803538967077710632610872416538351935463839651615132898388711;

    uint256 constant IC14x = 21217053693705286659705458469931428334622875754967663437731542082020558779607;
    uint256 constant IC14y = 5138620020163048355901964282058401502196035335545883682845936003476627636499;


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
