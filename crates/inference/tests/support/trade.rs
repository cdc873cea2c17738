//! What a small tenant calls its tasks, and sentences that its people might say. Our own words.

/// Titles of tasks.
pub const TITLES: [&str; 20] = [
    "Replace the inlet filter on the pressure washer",
    "Bleed the radiator in the hall",
    "Annual service of the combi boiler",
    "Change the thermocouple on the gas fire",
    "Rewire the contactor in the pump panel",
    "Descale the plate heat exchanger",
    "Fit a new gasket to the manifold",
    "Set up the lathe for facing a flange",
    "Isolate the busbar and test for dead",
    "Replace the wheel bearing hub assembly",
    "Align the pulley and tension the belt",
    "Fault find the ignition circuit",
    "Check the condensate trap for blockage",
    "Swap the impeller in the circulating pump",
    "Deburr and chamfer the shaft",
    "Crimp the ferrule on the control wire",
    "Drain down the unvented cylinder",
    "Replace the solenoid valve coil",
    "Calibrate the manometer",
    "Inspect the refrigerant line for leaks",
];

/// What is said at work: half of it has words of a title, half has other words of the trade or none. They were written
/// after the method was chosen and nothing was tuned on them.
pub const SENTENCES: [&str; 24] = [
    "so the impeller is cracked and i need to swap it",
    "hold the ferrule in the tool and crimp it twice",
    "this contactor makes a loud noise when it closes",
    "here you see the condensate coming out of the trap",
    "i always chamfer the end of the shaft by hand",
    "put the manometer on the test point and open the tap",
    "before you touch the busbar make sure that it is dead",
    "we have to descale the exchanger every two years",
    "the thermocouple is loose so the flame goes out",
    "measure the coil of the solenoid valve again",
    "the manifold needs a new gasket on this side",
    "take the belt off the pulley and turn it by hand",
    "tighten the nut with the big wrench",
    "the paint on this door has to dry for an hour",
    "i cut the timber at an angle with the saw",
    "sweep the floor when you are finished",
    "the tiles must be level before the glue sets",
    "give me the long screws from the box",
    "we check the brake fluid and the tires",
    "open the window because of the dust",
    "that was the last one so we can go home",
    "write the number of the meter into the book",
    "the ladder has to stand on firm ground",
    "ask the customer where the main valve is",
];
