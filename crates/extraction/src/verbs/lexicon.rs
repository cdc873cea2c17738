//! The verbs of the lexicon in base form, by how well they name a whole piece of work.

/// Name a whole piece of work: what a foreman writes on the job sheet.
pub const TASK: &str = "adjust align analyse analyze assemble automate backfill bake balance bleed blanch boil braise braze \
    build calibrate carve change charge clean clear commission configure construct convert cook crimp crochet debug \
    decommission decorate deploy descale design diagnose disassemble disinfect dismantle drain draft dress edit embroider erect \
    evacuate excavate fault-find fit fix flush fry fuse grill grout hang hi-pot hipot implement index inspect install insulate \
    investigate isolate iron joint knead knit lag lay locate lubricate machine maintain marinate measure megger mend mount \
    mow organise organize overhaul paint patch pickle pipe plan plant plaster plumb polish prep prepare program prune pump \
    pressurise pressurize rebuild recalibrate recharge recommission reconfigure refactor refill refit refresh refurbish regrease \
    regulate reinstall relocate relubricate rehang render renew repair replace repot repressurise reroute reseal reset \
    re-terminate reterminate retile reupholster rewire rework rig roast route saute sand season service set sew sharpen \
    shorten simmer skim solder splice steam sterilise sterilize strip swap sweep terminate test tidy tile trace track train trim \
    troubleshoot tune unblock update upgrade vacuum varnish ventilate verify wash wax weed weld winterise wire write";

/// Name a step within a piece of work.
pub const STEP: &str = "activate adapt add anchor apply arm arrange assess attach author bag beat bed bend bind blend block \
    blow bolt bond book boot bore box brace bracket brush bundle burn cap cast caulk centre center check chisel chop clamp cleave \
    click clip close coat coil collect combine commit compact compare compile complete compress connect cool copy count couple \
    crack crank cross cure cut deburr defrost degrease dehumidify declutter delete deliver demolish discard demonstrate detach dice dig \
    dilute dip disable disconnect discharge dismount dispose dissolve divert document download drape draw drill drive drizzle drop dry \
    dust earth edge empty enable engage engrave etch examine exchange expand export extend extract extrude face \
    fasten feather feed file fill filter find flare flash flatten flip fold form frame gather gauge glaze glue grate grease \
    grind ground guide hammer heat hoist hone hook identify immerse import inflate inject insert jack jam join label ladle lash \
    level lift light line link load lock log loosen lower make mark mash mask melt merge migrate mill mix modify monitor mop mortar mould mold \
    nail nip notch oil open operate order orient pack peel pick pin pitch place plane plough plug point pop pour power preheat press \
    prime print prise process protect prove pull punch purge push putty raise rake reassemble reattach recheck record \
    reconnect redo refrigerate reheat reinforce rejoin release remount remove rename reopen repaint repeat replug reposition resize \
    restart restore retighten retorque return reuse review rinse rivet roll rotate run salt saw scan scoop score scrape \
    screw scribe scroll scrub seal secure select separate serve shape shave shift shim shovel shred shut sift sign silicone simulate \
    skewer slacken slice slide slot smooth snap snip soak sort spin split splash spray spread sprinkle square squeeze stack \
    stain stir stitch store straighten strain strap stretch stuff submit support suspend switch tack tag tamp tap tape tear tension thread \
    throw tie tighten tilt time toast top torque toss transfer transplant transport trowel turn twist unbolt unclamp unclip uncoil \
    uncover undo unfold unhook uninstall unload unlock unpack unplug unroll unscrew unseal untie unwind unwrap upload validate vent \
    water wedge weigh wheel whip whisk wind winch wipe wrap zero zest";

/// Name work only when nothing better was said.
pub const WEAK: &str = "adopt ask break bring call catch choose consider continue cover define describe discuss do drink eat enter explain \
    explore fetch figure finish follow get give go grab handle have help hold interact introduce keep know leave look move need note pass \
    play present pretend put reach read recap revert save say search see send share show spend start stop summarise summarize take \
    talk tell think touch try use view visit walk want watch wear work";

/// Forms that no rule leads back to the base.
pub const IRREGULAR: &[(&str, &str)] = &[
    ("beaten", "beat"),
    ("bent", "bend"),
    ("bled", "bleed"),
    ("blew", "blow"),
    ("blown", "blow"),
    ("bound", "bind"),
    ("brought", "bring"),
    ("built", "build"),
    ("burnt", "burn"),
    ("chose", "choose"),
    ("chosen", "choose"),
    ("did", "do"),
    ("done", "do"),
    ("drawn", "draw"),
    ("drew", "draw"),
    ("driven", "drive"),
    ("drove", "drive"),
    ("dug", "dig"),
    ("dried", "dry"),
    ("fed", "feed"),
    ("found", "find"),
    ("frozen", "freeze"),
    ("gave", "give"),
    ("given", "give"),
    ("got", "get"),
    ("ground", "grind"),
    ("held", "hold"),
    ("hung", "hang"),
    ("kept", "keep"),
    ("laid", "lay"),
    ("left", "leave"),
    ("lit", "light"),
    ("made", "make"),
    ("mown", "mow"),
    ("ran", "run"),
    ("rebuilt", "rebuild"),
    ("redid", "redo"),
    ("redone", "redo"),
    ("rewound", "rewind"),
    ("sawn", "saw"),
    ("seen", "see"),
    ("sent", "send"),
    ("sewn", "sew"),
    ("shown", "show"),
    ("slid", "slide"),
    ("spun", "spin"),
    ("stuck", "stick"),
    ("swept", "sweep"),
    ("taken", "take"),
    ("threw", "throw"),
    ("thrown", "throw"),
    ("tied", "tie"),
    ("took", "take"),
    ("torn", "tear"),
    ("tying", "tie"),
    ("undid", "undo"),
    ("undone", "undo"),
    ("unwound", "unwind"),
    ("went", "go"),
    ("wound", "wind"),
    ("written", "write"),
    ("wrote", "write"),
];
