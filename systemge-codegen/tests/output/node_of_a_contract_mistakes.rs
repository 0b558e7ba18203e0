// 9:6: [SGE0401] `Chess` has no handler for `score` of the contract `Game`
//   help: add to the block; `&mut self` and `ctx: &Context<Self>` may stand there, too:
//       async fn score(&self) -> u32 {
//           todo!()
//       }
// 10:14: [SGE0402] `paly` is no topic of the contract `Game`
//   help: did you mean `play`?
// 14:13: [SGE0407] the contract `Game` says the name of this topic already
//   help: remove it; `spawn`, `blocking` and `timeout` may stand here: `#[topic(spawn)]`
// 15:14: [SGE0403] `resign` takes 2 values, but the contract `Game` says one value
//   help: write `async fn resign(&self, player: String)`
// 17:8: [SGE0402] `helper` is no topic of the contract `Game`
//   help: put it into a block of its own: `impl Chess { .. }`

# [doc (hidden)] # [allow (dead_code , non_camel_case_types , async_fn_in_trait , private_interfaces , deprecated , clippy :: all , clippy :: pedantic , clippy :: nursery)] trait __Systemge_Game_for_Chess : :: core :: marker :: Sized { async fn paly (& self , mv : Move) -> Result < Applied , IllegalMove > ;
async fn resign (& self , player : String , why : String) ;
fn helper (& self) ;
}
impl __Systemge_Game_for_Chess for Chess { async fn paly (& self , mv : Move) -> Result < Applied , IllegalMove > { self . apply (mv .) }
async fn resign (& self , player : String , why : String) { }
fn helper (& self) { }
}
# [automatically_derived] # [allow (dead_code , clippy :: all , clippy :: pedantic , clippy :: nursery)] impl :: systemge :: __private :: HandlesContractConditions < { Game . key () }
> for Chess { fn conditions () { const _ : () = :: systemge :: __private :: probe :: listed :: < Chess , { Game . key () }
> () ;
}
}
# [automatically_derived] # [allow (deprecated , non_upper_case_globals , clippy :: all , clippy :: pedantic , clippy :: nursery)] impl Chess where for < 'systemge > Chess : :: systemge :: __private :: probe :: IsApplication < 'systemge > , { # [doc (hidden)] const __Systemge_Game_for_Chess_BLOCK : :: core :: option :: Option < :: systemge :: __private :: NodeBlock < Self >> = :: core :: option :: Option :: Some (:: systemge :: __private :: NodeBlock { exclusive : false , names : & [] , topics : | _ | { }
, on_start : :: core :: option :: Option :: None , on_stop : :: core :: option :: Option :: None , }) ;
}
# [allow (non_upper_case_globals , clippy :: all , clippy :: pedantic , clippy :: nursery)] const _ : () = { trait Missing : :: systemge :: Application { const __Systemge_Game_for_Chess_BLOCK : :: core :: option :: Option < :: systemge :: __private :: NodeBlock < Self >> = :: core :: option :: Option :: None ;
}
impl < A : :: systemge :: Application > Missing for A { }
# [automatically_derived] impl :: systemge :: __private :: HandlesContract < { Game . key () }
> for Chess where for < 'systemge > Chess : :: systemge :: __private :: probe :: IsApplication < 'systemge > , { const BLOCK : :: core :: option :: Option < :: systemge :: __private :: NodeBlock < Self >> = < Chess > :: __Systemge_Game_for_Chess_BLOCK ;
}
}
;
