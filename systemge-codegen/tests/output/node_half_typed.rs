impl Life { async fn grid (& self) -> Grid { self . grid . }
async fn set (& mut self , cells :) { let x = ;
}
async fn fine (& self) -> u8 { 1 }
async fn }
# [automatically_derived] # [allow (dead_code , clippy :: all , clippy :: pedantic , clippy :: nursery)] impl Life { # [doc (hidden)] const fn __systemge_node_conditions () where { const _ : () = :: systemge :: __private :: probe :: application :: < Life > () ;
}
}
# [automatically_derived] # [allow (deprecated , clippy :: all , clippy :: pedantic , clippy :: nursery)] impl Life where for < 'systemge > Life : :: systemge :: __private :: probe :: IsApplication < 'systemge > , for < 'systemge > Grid : :: systemge :: __private :: probe :: IsReply < 'systemge > , { # [doc (hidden)] pub const __SYSTEMGE_NODE : :: core :: option :: Option < :: systemge :: __private :: NodeBlock < Self >> = :: core :: option :: Option :: Some (:: systemge :: __private :: NodeBlock { exclusive : false , names : & ["getGrid" , "fine"] , topics : | table | { table . request :: < () , Grid , _ , _ > ("getGrid" , :: systemge :: __private :: TopicOptions :: DEFAULT , | invocation , () : () | async move { let (state , context) = invocation . open :: < :: systemge :: AnyApplication > () ;
let reply = { let application = state . shared () . await ;
Self :: grid (& application) . await }
;
(reply , :: systemge :: __private :: Invocation :: close (state , context)) }
,) ;
table . request :: < () , u8 , _ , _ > ("fine" , :: systemge :: __private :: TopicOptions :: DEFAULT , | invocation , () : () | async move { let (state , context) = invocation . open :: < :: systemge :: AnyApplication > () ;
let reply = { let application = state . shared () . await ;
Self :: fine (& application) . await }
;
(reply , :: systemge :: __private :: Invocation :: close (state , context)) }
,) ;
}
, on_start : :: core :: option :: Option :: None , on_stop : :: core :: option :: Option :: None , }) ;
}
# [doc = " The typed caller of the topics of `Life`."] # [allow (dead_code , unreachable_pub)] struct LifeClient { core : :: systemge :: __private :: ClientCore < 2usize > , application : :: core :: marker :: PhantomData < fn () -> () > , }
# [automatically_derived] # [allow (dead_code , deprecated , unreachable_pub , clippy :: all , clippy :: pedantic , clippy :: nursery)] impl LifeClient { # [doc = r" Asks only the node of that name."] # [must_use] pub fn to (self , node : impl :: core :: convert :: Into < :: std :: string :: String >) -> Self { Self { core : self . core . to (node) , application : :: core :: marker :: PhantomData }
}
# [doc = r" Asks one of the nodes that handle the topic, the less busy of two random ones;
another one if it refuses"] # [doc = r" the request, or its connection cannot take it."] # [must_use] pub fn any (self) -> Self { Self { core : self . core . any () , application : :: core :: marker :: PhantomData }
}
# [doc = r" Waits so long for a node that handles the topic, if none is connected;
without it, that is an error at"] # [doc = r" once. The time of a request counts from when it is sent."] # [must_use] pub fn wait_for_provider (self , time : :: core :: time :: Duration) -> Self { Self { core : self . core . wait_for_provider (time) , application : :: core :: marker :: PhantomData }
}
# [doc = " A client that asks every node which handles the topic."] pub fn new (caller : & impl :: systemge :: client :: Caller) -> Self { Self { core : :: systemge :: __private :: ClientCore :: new (caller) , application : :: core :: marker :: PhantomData }
}
# [doc (hidden)] const __CHECKED_0 : bool = { :: systemge :: __private :: probe :: shaped_reply :: < Grid , { # [allow (unused_imports)] use :: systemge :: __private :: probe :: NoShape as _ ;
:: systemge :: __private :: probe :: Shaped :: < Grid > :: SHAPED }
> () ;
true }
;
# [doc = " The topic of `Life::grid`."] fn grid (& self) -> :: systemge :: client :: Request < '_ , () , Grid , { LifeClient :: __CHECKED_0 }
> where for < 'systemge > Grid : :: systemge :: __private :: probe :: IsReply < 'systemge , { LifeClient :: __CHECKED_0 }
> , { self . core . request (0usize , const { & :: systemge :: Topic :: request :: < () , Grid > ("getGrid") }
, ()) }
# [doc (hidden)] const __CHECKED_1 : bool = { :: systemge :: __private :: probe :: reply :: < u8 > () ;
true }
;
# [doc = " The topic of `Life::fine`."] fn fine (& self) -> :: systemge :: client :: Request < '_ , () , u8 > where { self . core . request (1usize , const { & :: systemge :: Topic :: request :: < () , u8 > ("fine") }
, ()) }
}
# [automatically_derived] impl :: core :: clone :: Clone for LifeClient { fn clone (& self) -> Self { Self { core : :: core :: clone :: Clone :: clone (& self . core) , application : :: core :: marker :: PhantomData , }
}
}
# [automatically_derived] impl :: core :: fmt :: Debug for LifeClient { fn fmt (& self , formatter : & mut :: core :: fmt :: Formatter < '_ >) -> :: core :: fmt :: Result { formatter . debug_struct ("LifeClient") . finish_non_exhaustive () }
}
