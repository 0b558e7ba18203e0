# [allow (dead_code , unreachable_pub , non_camel_case_types , clippy :: all , clippy :: pedantic , clippy :: nursery)] pub trait Game { # [doc (hidden)] type __systemge_node_is_missing_above_this_block ;
async fn play (& self , mv :) -> Applied ;
fn resign (& self , player : String) -> impl :: core :: future :: Future < Output = () > + :: core :: marker :: Send ;
async fn }
# [automatically_derived] # [allow (unused_variables , deprecated , clippy :: all , clippy :: pedantic , clippy :: nursery)] impl Game for :: systemge :: __private :: Declared { type __systemge_node_is_missing_above_this_block = GameClient ;
fn resign (& self , player : String) -> impl :: core :: future :: Future < Output = () > + :: core :: marker :: Send { :: core :: future :: pending () }
}
# [doc = " The typed caller of the topics of `Game`."] # [allow (dead_code , unreachable_pub)] pub struct GameClient { core : :: systemge :: __private :: ClientCore < 1usize > , application : :: core :: marker :: PhantomData < fn () -> () > , }
# [automatically_derived] # [allow (dead_code , deprecated , unreachable_pub , clippy :: all , clippy :: pedantic , clippy :: nursery)] impl GameClient { # [doc = r" Asks only the node of that name."] # [must_use] pub fn to (self , node : impl :: core :: convert :: Into < :: std :: string :: String >) -> Self { Self { core : self . core . to (node) , application : :: core :: marker :: PhantomData }
}
# [doc = r" Asks one of the nodes that handle the topic, the less busy of two random ones;
another one if it refuses"] # [doc = r" the request, or its connection cannot take it."] # [must_use] pub fn any (self) -> Self { Self { core : self . core . any () , application : :: core :: marker :: PhantomData }
}
# [doc = r" Waits so long for a node that handles the topic, if none is connected;
without it, that is an error at"] # [doc = r" once. The time of a request counts from when it is sent."] # [must_use] pub fn wait_for_provider (self , time : :: core :: time :: Duration) -> Self { Self { core : self . core . wait_for_provider (time) , application : :: core :: marker :: PhantomData }
}
# [doc = " A client that asks every node which handles the topic."] pub fn new (caller : & impl :: systemge :: __private :: CallerOf < { Game . key () }
>) -> Self { Self { core : :: systemge :: __private :: ClientCore :: of_contract (caller , & Game) , application : :: core :: marker :: PhantomData }
}
# [doc (hidden)] const __CHECKED_0 : bool = { :: systemge :: __private :: probe :: payload :: < String > () ;
true }
;
# [doc = " The topic of `Game::resign`."] pub fn resign (& self , player : String) -> :: systemge :: client :: OneWay < '_ , String > where { self . core . message (0usize , const { & :: systemge :: Topic :: one_way :: < String > ("resign") }
, player) }
}
# [automatically_derived] impl :: core :: clone :: Clone for GameClient { fn clone (& self) -> Self { Self { core : :: core :: clone :: Clone :: clone (& self . core) , application : :: core :: marker :: PhantomData , }
}
}
# [automatically_derived] impl :: core :: fmt :: Debug for GameClient { fn fmt (& self , formatter : & mut :: core :: fmt :: Formatter < '_ >) -> :: core :: fmt :: Result { formatter . debug_struct ("GameClient") . finish_non_exhaustive () }
}
# [automatically_derived] # [allow (dead_code , clippy :: all , clippy :: pedantic , clippy :: nursery)] impl GameClient { # [doc (hidden)] const fn __systemge_contract_conditions () { { }
{ }
}
}
# [automatically_derived] # [allow (deprecated , clippy :: all , clippy :: pedantic , clippy :: nursery)] impl GameClient where { # [doc (hidden)] pub const __SYSTEMGE_TOPICS : & 'static [:: systemge :: __private :: DeclaredTopic] = & [:: systemge :: __private :: DeclaredTopic :: new ("resign" , :: systemge :: Topic :: one_way :: < String > ("resign") , "")] ;
}
# [doc = " The topics of the contract [`Game`](trait@Game), which are here whether or not the program handles them."] # [allow (non_upper_case_globals , dead_code , unreachable_pub)] pub const Game : :: systemge :: Contract = { # [allow (unused_imports)] use :: systemge :: __private :: NoTopics as _ ;
let declared = :: systemge :: __private :: Declaration { package : :: core :: option_env ! ("CARGO_PKG_NAME") , version : :: core :: option_env ! ("CARGO_PKG_VERSION") , file : :: core :: file ! () , line : :: core :: line ! () , module : :: core :: module_path ! () , }
;
:: systemge :: Contract :: new ("Game" , declared , & [] , < GameClient > :: __SYSTEMGE_TOPICS) }
;
# [automatically_derived] impl :: systemge :: __private :: ContractTopic < 0usize > for GameClient { const NAME : & 'static str = "resign" ;
const ALIASES : & 'static [& 'static str] = & [] ;
type Reply = () ;
}
# [automatically_derived] impl :: systemge :: __private :: ContractValue < 0usize , 0usize > for GameClient { type Value = String ;
}
# [doc (hidden)] # [allow (non_local_definitions , unused_macros)] # [macro_export] macro_rules ! __systemge_contract_Game_da1a039c2e68c52b { ({ $ ($ systemge : tt) * }
$ ($ block : tt) *) => { $ ($ systemge) * :: __private :: implement ! { { $ ($ systemge) * }
{ Game () { 0 message false async fn resign (& self , player : String) }
}
$ ($ block) * }
}
;
}
# [doc (hidden)] # [allow (unused_imports , unreachable_pub)] pub use __systemge_contract_Game_da1a039c2e68c52b as Game ;
