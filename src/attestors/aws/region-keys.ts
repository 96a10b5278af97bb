// Written by scripts/generate-aws-keys.ts from the certificates AWS publishes; do not edit.

interface RegionKey {
  readonly partition: string;
  /** Modulus, base64; the exponent is 65537. */
  readonly rsa2048: string;
  /** Index into `RSA1024_MODULI`. */
  readonly rsa1024: number;
}

/** Keys of the `signature` form. Most commercial regions share one, so it cannot tell regions apart. */
export const RSA1024_MODULI: readonly string[] = [
  "xXee9Z1M1bZHt6z8kZGH77N44dAtBDM8xu9m6MlDY538NfptE3ha2kyym/U+he07gf2RDfr5pWKq9vuVWvFPKi2zxdG0R/hXWio4YFmXWF8Rs0M1N4qMuVuWTNVcge4lLMRAJcbMmwt84j2GhyONlIk5EDWoZqK6DXqlchzZwaU=",
  "tZJB12E33O4GOUOeSSYY04nhwIGnGkJIkT4rcvUDwxN2/jVw4eFHT9cXSMO9yXCCBt7BvUYVol1Qh4eipLgk6iXz1JJyCpPL7DN0V35VKQXvD3/j/dqcajzAs9Ra9jXoUtyYYaZAmVRsccCwuYGhtC6+KxTkbm42GEYfOHSvfFc=",
  "1XXJYKXCCLMhhudWoPLKytVDH2fiKIfRODyz/nCFkHHYd9X79pFf8ISmqn5onzXnwSLh60z5ei/piUG7H3gPk4hMdSWpoOJcEH4YECkApo2VTGh7SvgGOe01TehQXx18U9jF85LbCsQEERnkkxUGKx0c0mL7vhpAPt+5aslkX3M=",
  "h70Y3/9JEraSduPJIbSGjfKpAzd7ZMOFY7wPZ7z5dmpyTvniAVKj30BtPZGZcKVqZsjvGxgdkVqlsQsLgf3XJyKG+sONtJPVmOQtCCBrQ0TWrjd5Lrxl5MNxxJxdBI2K9KXMllLwclmOCrMGVeNl+2O10ktd4TiHC+jSwPh/eP0=",
  "08B7tDQ/rBXKG6473AGJtDzUQ/H+EdYwM76C7dvqhnjkwMjtR7bY+nJrGDdwD9YTeYmLqaRYmLJdnjT2vwg9FYNAQHwxZVea846QNI+0yWm1YeJI+yb7Q/sWDIusBEAOMekjzjWODnmdvvKPx0vJ7nKVg1XT0TunIllJTIY5g5s=",
  "pwkv1W7dIENXm1nLq9oUjuz5yYnxODj8UO0YEgJXOP7KSadbAz/ma0tCztWSXyoV39UfUtwFMC57HO2/iLlV3WOSyvUSqruuJ8lz+Xcde9M6C/JaBMgkrkUdn7PtOItkLFgVT/ihTQJ+z+S9RB0Y5IEzvJIzSr4sEVfjpD/Wm+c=",
  "x3s8EK9lUKUEk1uU1zXn4kKz/qlkxgGxrD3jF+IQTIwCVCsrNjSEXEWWizPwQnsNhSD1YzbZWo+hsJ/YqVODJc98yMADFotQLxjEq3qabfsFejEbXzo4dA74/73iXvPGhGSTKMzYJCRUUvlhVrHJEHi+erX+pGOkE5TaPFf9ArE=",
  "xbisncWbKK3TR+2y8CJbhBjpF+/wnS3aXqpAyhIUJBcM6UcWl+BAJZBodv6Ow/Kp3gvXBkIakhuVlVQa5mRu7H5BTjOJtQLWPvpH7/jGLaNVRYC5NcSW5Kata+GHkFJfmbCWLGacl/7foPLO61tDlXAbGMeC++W39+M9/JsCvD0=",
  "vQLATTlH0/EKYLh6jGvSiFz/2IGTpn0QIBJpy2sF0wvuNG11Kv38JMfnHm798Qr1MendO/4g5Q9HZth39h4TxYtzmgiO73PHN5alQb3J+ss5sL9+WkhL7VZtjRwt4+P6urzdrUdneGtTH9UIZjlTie14kxGwstmL/qZg25NvVek=",
  "mo4AHjmrsL6hgy6x78bo52dQZ5DM8I68nDFE5I/I6jbVqA0FlCVTT2SSC6LBFFcCtiN6DZBLMf68pfV313DTXHqGH1RD85E86M62crjhuuhVrVFNSynie4ff619GXfZWRKJK3a+nSz7fRbB1miuRMZVJ1gYzZbXEC5JCqqHmGhc=",
  "ytZCHBuUOmnQV0DO+RpXX00ol5e7Z+eKddE57KSNBKw3W9geqtiYv7+FwVR9d2QjIKpURzKlfAFiOYjuoBZ9gPbDdwGV0zKsLWXog3Xm6t5Olre4nmL6V04NKr4LI0CKL0WVmgQwScvcfAtoVvsPZTEIxR5CeycvzxwievRM3m0=",
  "uhhUNlqAZdcWWB/OSDVDGk3OA99EFzOn/mJlmciQ/Xwu2dFJWmSCqEAE6gjufCjQq3voxAhC2CF+elKtJW/C0Sz/LYo60PUqd6iXF4h+upB9HkOOGuWHXsHBTsvgkgGA1CGgel4U0Cdq+23eANr8N8m28UzljjSnTlrYCHtzN4s=",
  "tpnRnabOUc9o82HBjbIBE0xlLYSUa1akp1FiV05VWiG5Bjyyjujq+wH1ihadrIESfLy7I6AVUeXBElSu3LitcCLY7ycov6KSmQFLrCcdoaYFN6VB4ZafQE4f1XlQ+fNo03fSGPvLeTA2umd3xpYgchIl89CxB3YvDAWnC0RLtU8=",
  "o4j4Ft77F0Y+CaANelkA8qD3P3od0AQEWgKSRHOJzyBqFKJaQF3IxYVqZaNjvor4HwrHOAFPTqWHQD4Wt7KS3sv24Rz0YtSWR0TaknCj9Ic7AjZioX52UyBEAhb7KQ0aeM6/df1ktOv35SRQWCeiR4adCsDPNV0BufZVepJKFu0=",
  "wf1b0dfuOQHsuc597z5OsQZuaPYK0gy+g9ogLqa0J31V5/AiG0g21hYQN34uYqaYypId7JfFcgrwjlFynTmja2Aaz0ZK3R3Qbi9k3POETvt5v68SFGdiCtXw5QurFgI3XX+rAa1dsNmu/B9B/BMLsIkoLbVEQY8CeyjzyQqmqq0=",
  "0oW7JJqIaK4HIze4HwKcPPQhLIO6a2gg4IGlFVxeoMvSXSeSDXL+/g5MCmgMXTUFg7FmZ8SDqj7j38gGFT9w9v3sT90X8Y99VKJi3bru0vN84IifFVS/xs5QxC7+fytq03HfufNDYy0muhWA3Fw4qdoq+k18UWAWBz+uXcJ4hPs=",
  "63NuLtwIBcZ6D4M8UeshVzmpnD7sWF4WClpmqW/kvLzsuYaS6EXuEZDq2NHDN2zdOxnRDJYp+ZlNMtbfMt3LeGHsL5pIE+NpE8jDPrdSuEtMbKo18cUu9erhmIe3lrZMawooY/AG1zf+qWtPeYfu02cpdp/N5HojVMzNiqKkFTM=",
  "3Gk4FvysgOs8q7iUK2MtNGusKiwO3nlM5N2zIk5C7E3g0H65GmTHwQIxmmjspkaNQt6sxOKyHp5mob1KZbvWZi8C9YnVlzEV9kZUryLfndknqCjikFqHNlDhWTB2MQ7nu85MpNQiEWgbpE3mNd/0SK5XOl+tcyeQQbWV5R8Gso0=",
  "tU0INNkSch6hfVIRiqrqTUFXRmWljnLcqeg6t4IATnz1PBLgxfn7wXN3oCYAKa6B4E9CTsebpvb6D93i1bJzLEtpCVyrzUMHUaZd6FGRlGAZ5GB7V49Z3VNQDQjw/9AFPtKBR4+b+QA1IVT4/uzu7U02X6/KfKLTBRSvDv/AhlM=",
  "37zpws5tYjefDZu5OnoaMur9JZ5xSOtew+gmN237qtNUQnREC/evqWGsCYnkx/CQECo9NggGtwHmqnV0xP6Q4SP2Ci63njG+CuvFjJ9uFo47OqMYwWwJrCl7bfYoShxgRTVIYBazRWMgNou4nib4sKR40P14F4htrtf7f+FcnVM=",
  "qaIcGFFTx/SO1W5G91jHvyQdGP25n1Y91aXCuOOWAUTvSvNGpXrI4AXNrQF+CmIOC4beBASnHCx082jYudWBBl9Wiza0psYc9flrczSzVLMmN8w/c78F/95NfiQdnUQPpvgqcMeJo82cgHkLR7XoFWgMrZJqrcUK0gnsQcb6kak=",
];

/** @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/regions-certs.html */
export const REGION_KEYS: Readonly<Record<string, RegionKey>> = {
  "af-south-1": {
    partition: "aws",
    rsa2048:
      "y7/WHBBHOrk+20aumT07g8rxrSM0UXgki3eYgKauPCG4Xx//vwQbuZwIoeVmR9nqnhfij2wOcQdbLandh0EGtbxerete3IoXzd1KXJb11PVmzrzyu5SPBPuPiCeV4qdjjkXo2YWM6t9YQ911hcG96YSp89TBXFYUh3KLxfqAdTVhuC0NRGhXpyiij/czo9njofHhqhTr7UEyPun8NVS2QWctLQ86N5zWR3Q0GRoVqqMrJs0cowHTrVw29Qr7QBjjBOVbyYmtYxm/DtiKprYV/e6bCAVok015X1sZDd3oCOQNoGlv5XbHJe2oJFD8GRRy2rkWO/lNwVFDcwec6zC3Qw==",
    rsa1024: 0,
  },
  "ap-east-1": {
    partition: "aws",
    rsa2048:
      "4T1PNsOg0FDrGlWePoHeOSmOJTA3HCRy5LSbYD33GFU2eBrOIxoU/+SMrInKu3GghAMfH7WxPW3etIAZiyTDDU5RLcUq2Qwdr/ZpXAWpYocNc/CEmBFtfbxFz4uwBIN3/drM0RSbe/wP9EcgmNUGQMMZWeAji8sMtwpOblNWAP9BniUG0Flcz6DpuPovwDTLdAYT3TyhzlohKL3f6O48TR5yTaV+3Ran2SGRhyJjfh3FRpP4VC+z5LnTWPQHN74Kdq35UgrUxNhJraMGCzznolUuoR/tFMwR93401GsM9fVA7SW3jjCGF81zPSzjy+ArKyQqIpLW1YGWDFk3sf08FQ==",
    rsa1024: 1,
  },
  "ap-east-2": {
    partition: "aws",
    rsa2048:
      "91FXs9Wk9kMI3lkNhjC69C6RTBpSvdLWSohPDlJKXFoaGYIDtyW1ViwOFORAKz0koarVBx1D4fNKCxf+mhYAf//4Pxt31GzjehHNs2YVGimwhq/SNr+3AuIOPibA+qScXamaiknE1Pxb4jisbBu2PMAG9OxU2dESNwiqBMvdJvg30YNTUITZ6r0eMPjR1Y/EFVx/SLHW6wdvwqhNi9hz8HHdThzjCbCQPvmoLBJIKXIfosKqvauSezt1KJSoS2jMx1OjJB2bBlQTZC8vF0WFNPoiH4jXyJ6+wMUMNSSd5b3uL5stVTMzuIz439Hd5YW41rmAy+6jmpGp2eXn6Td0rQ==",
    rsa1024: 2,
  },
  "ap-northeast-1": {
    partition: "aws",
    rsa2048:
      "z0djWUcmRW85C5CiCKPFiTIvj6y2OuopFxNE5d3Wtab10bm06vnXVKXutz3AndG+Dg0zIL0gMlU+QmrSR0PH2PfV9iejfLak9iwdm1WbwRrCEAj5VxPe0Q+IKeznOtxzqQ5Wo5NLE9bA61sziUAFNVsTFUzphEwRohcekYyd3bBC4v/RuAjCXHVx40z6AIksnAOGN2VABMlTeMNvPItKOCIeRLlllSqXX1gbtL1gxSW40JWdF3WPB68Ee+/1U3F7OEr7XqmNODOL6yh92QqZ8fHjG+afOL9Y2Hc4g+P1nk4w4iohQOPABqzbMPjK7B2Rze0f9OEc51GBQu13kxkWWQ==",
    rsa1024: 3,
  },
  "ap-northeast-2": {
    partition: "aws",
    rsa2048:
      "66iNv6pJPmGM20W8HbVYJSlKcAg2vUGx8xeAbzZIQdpGfkabVcUHGB6mGy59VXDMDlrJckDDk6dxUOhmcX9z785TtVZURq1fua9QosdbTzX4kAgHGdp4xQEsmO6QZqg5qKjBP6xr3+PshfQ1rB8Bmwg0gXEm22CC7o77+7N7Mu2sWzWbiUR7vil49FjWS8XmMNwFTlShp4l1TDTevDWW/uYmC30RThM9S4QPvTZ0rAS18hHVam8BCTxaLHaVCH/Yy52rsz0hM/FlghnSnK105ZKj+b+KIp3adBL8OMCjgc/Pxi0+j3HQLdYE32+FaXWU84D2iP2gDT28evnstzuYTQ==",
    rsa1024: 3,
  },
  "ap-northeast-3": {
    partition: "aws",
    rsa2048:
      "rznEYef8IjhrJoazI0QGZkmlmHm/4rEbyQbMNifxjsDE8YWtHNwaM91zzmyK6Sk/tKlWxcnl3g31iq305ziyFPEewe5Qbwf1iz2cMsvfNBcTh/E6u+mBPH3JgvGanqUJt6c4IbipdEouIjjnynyVWd4D6erLl/ENijeR1OxVpaqSW5SBK7jms49Epw3wtbchEl3qsE42Ip4IYmWxqjgaxB7vps91n4kfyzAjUmklcqTfMfPCkzmJCRgpVh1C79vRQhmriVKD6BXwfZ8tG3a7mijeDn7kTsQzgO07Z2SAE63PIO48JK8HcObHtXORUQ/XF1jzi/SIaUJZT7kq3kWl8w==",
    rsa1024: 3,
  },
  "ap-south-1": {
    partition: "aws",
    rsa2048:
      "0LSS5I/eCT2PM0+qusorBx67QL26BIWQHd/yF6ARtHBb/1DdFLRqE5Dj07Xw7eENC+T79mOxOAbeWg91KaODOzw6i9I/2/HpK0+NDEdD6sPKDA1d45jRra+vCqAjI+nV9Vw91wv7HjMk3RcjWGziM8/hw+3YNIutt7aQzZRwIWlBpcqx3/AFd8Eu2UsRMSHgkGUW6UzUF+h/U8218XfrauKNGmNKDYUhtmyBrHT+k6J0hQ4pN7fe6h+Zw9RVHm24BGhlLxLHLmsOIxvbrF277uX9Dxu1HfKfu5D2kimTY7xSZDNLR2dt+kNY/+iWdIeEFpPT0PLSILt52wP6stF+3Q==",
    rsa1024: 3,
  },
  "ap-south-2": {
    partition: "aws",
    rsa2048:
      "g29QEFriG+qFEjYW/v62nN70lMJY/Hevx5TtmU/VIYBPQa3HUGTBAbbI2Tmy8UMpa8kZeaYeI3RAfiQWt0Ws7wUrBuO2Pdp518WDPaJUH7RWEuu1BDDkyZRWNAMNPCn3ph7Od243IFcLGku7HVekel5poqRpSfojrMasjlf+CvixUeAJbmFoxUHKkh5unzG2sZyO4wHXcJPQkRf5a8zSTPe9YZP1kXPPEv4p/jTSggaYPxXyS6QVaTlVzLeLFZ0fesLPMeil3KYQtV7IKLQiEA2F6dxWnxNWQlyMHtdq6PucfEmVx17i/XzayNBRo0azY8WUNVkEXrRhp/pU8Nh3GQ==",
    rsa1024: 4,
  },
  "ap-southeast-1": {
    partition: "aws",
    rsa2048:
      "laSSLfBl7OgmikjLReHuNhVuvM20dCsVzptUyRbut+KmIEEc24wd/xVy2RMIrydGedkW4tUjkUyOyfET5OAyT43jTzDPHZTkRSVkYjBdcYbe9o/0Q4P7IVS3XlvwrUu0qo9nSID0mxMnOoF1l8KAqnn10tQ0W+lNSTkasW7QVzcb+3okPEVhPAOqMnlY3vkMQGI8zX4iOKbEcSVIzf6wuIffXMGHVC/JjwihJ2USQ8fq6oy686g54P4wROg415kLYcodjqThmGJPNUpAZ7MOc5Z4pymFuCHgNAZNvjhZDA842Ojecqm62zcmTzh/pNMNeGCRYq2EQX0aQtYOIj7bOQ==",
    rsa1024: 3,
  },
  "ap-southeast-2": {
    partition: "aws",
    rsa2048:
      "mRcyLWraysQS8yDC1b5Abs3TUaJabjqWu7d5gHik5Icd6dKl8EYpQSeSvz6pLhkgO4xBbCRGlgE8LS/OijcZ5HwdrxBiKbicR1YvIPaIyEQQvF5sX6UWkGYwMa5IRGj4YbRmJkBybw+AAV9Icb5LJNOMWPi34OWM+2tMh+8L234v/JA6ogpdPuDrsM6YFHMZ0NWo58MQ0FnEj2D7H58Ti//vFPl0TaaPWaAIRF85zBiJtKcFJ6vPidqKf2/SDuAvZmyHC8ZBHg1moX9bR5FsU3QazfbW+c+JzAQWHj2AaQrGSCITxCMlS9sJl51DeoZBjnx8cnRe+HCaC4YoRBiqIQ==",
    rsa1024: 3,
  },
  "ap-southeast-3": {
    partition: "aws",
    rsa2048:
      "vUsKCxoH6KXRYJLeYTWAQfaBQeCwhJaR56mfUeFHJE4g8aFjWkiN4uc1TvOyYNnIZKTHWmzmulmdinWNbwP0GiROHb/i7ro0HhvnptyycGt8ag8affiIbx5X7ohdwSN2KJ6G0IKflIx7f2NEI0oAMM/9k+T1eVF+MVWzpZoiDp8frLNkqp8+RAgzScZsbRfwv3u/if5xJAvdg2nCkIWDMSHEVPoz0lJo7v0ZuDtWWsL1LHnL5ozvsKEk+ZJyEi23r+U1hIT1NTBdp4yoigNQexedtwCSr7q36oOdDwvZpqYlkLi3uxZ4ta+a01pzOSTwMLgQZSbKWQrpMvsIAPrxoQ==",
    rsa1024: 5,
  },
  "ap-southeast-4": {
    partition: "aws",
    rsa2048:
      "2BYgeCr+Rk/jIAEDOHS7wJql62vc83QEwjuzk0qOFEReIZzlN1fBRNXKg0T178Kd3gLYcE59wEFbTe/X5yOA1Lo95x1anSAo7R+Cisf9C2HQuJp+gVb+zx71lniPF7gHziGpm0M8DdAU/IW+wkZwGbP4z7Hq9+bJ0P2ltvPJ5yxSgkFuDsI9VBHaCLoprHsCHh2VdP8KcMgQQMmHe1NmBpyTk0ul/aLmQkCQEX6ZIRGOeq228fwlh/t+Ho+jv87duihVKic6MrL32SlD+maX0LSDUydWdaOLLTGkh7oV7+bFuH6msrXUu+UrZEP1r/MidCWMhfgrFzeTBzOHA97qxQ==",
    rsa1024: 6,
  },
  "ap-southeast-5": {
    partition: "aws",
    rsa2048:
      "t3aMy7Hsp4ySG3mlfi+pdTcZw6H6XNU1Y36fNdi4c+MzinQQbnqMPyt7QLgU+XCWmcWsVo7GQF6n9N01Rh+UXXUZU4jcXlFocQPCWf9O+IIIIPXkd67kFMUVHAxCELjfxHbC+I8e7dwOJhmdF4Bfi52Ty8zz0HdE8JDypPkTDlXuGvTgDyW7NP56I/vlQaXLoYSbcQe5pv2a9gyBaaCM1QoeqwAHAeCNXb9Nuj9ZX3GHGJb3TuqAeKCD5i9TscCB9XjY6Fx+zfSAobjBZwgLEtLOwJhbZnKmx4gJMaaNFipAjVT2FSS3+yeveTYBoa1dvhk0ivQyQIPpHmihrmkWuw==",
    rsa1024: 7,
  },
  "ap-southeast-6": {
    partition: "aws",
    rsa2048:
      "rbid9Tnunu0pWCQUqZCkGeiF8hWixi+LBS1AOew2UsT9keAt2rXXGlU/wSMriKHsvcrfKtuVKj5chArsOyFvagszH5lIKhI+GfWVQEd2aZiOvAJ+iRUQq1+RgOr2gyjWlf3znZXTcyhHcJoXDhbn5e+kEa3pwS4yKNRpM3P61V4M2702xis08hjPqMDxwXMa1Fiy4b7nAyNQifgrwb3bCA5k5prmkl/iajaWa1zMMFgLI9vA6UwUSbTKH9iOuL/xNfMX+Xzq4CCaQYiJ8zdi56kqnB/lrA05NSjOPLskg6sUGkyiDxGK4gzCDFrO6oygcdlBaxnyAECGdJcOM6TOmw==",
    rsa1024: 8,
  },
  "ap-southeast-7": {
    partition: "aws",
    rsa2048:
      "xtMGK4r6WerVtMfpRRCY3DMP9Q/s4jnRIqolPaxeT99BAFp03HXyOrTzWjggEHArRGGeDowFkL7Vj+QNY7ran2lnYVlAQ7Ow6OLl6WttT6lMsgsLUIcsED6GeJ1Ko+ovT1qvmuush1U5R2pHkcCJ1IT2s6uQff85l066K7dCFpaoA1QHUk9zACHji0DtWuTAWBXirAZSGlmtP6uj1Aw6y5kACDTjIvZJeW/kmswfApTKaJ56eNkJsUBUNpKwt3um1BMZduy0cjUv0Sc3dIbLNyfOdyPn8tX5u5ck0EPdtBB5WjEh71IXdZJDoaBREV7AHg5ERPQsm0BqSvMQt09Kiw==",
    rsa1024: 9,
  },
  "ca-central-1": {
    partition: "aws",
    rsa2048:
      "hDUh6j1ACSt057nSxAcwMaGr8Ez87VA2RW2HyY8l9XoHndnxmP50Cqld+26AJtltlqHpI1YdtnZ6OrVgVhXcVtbvte0lZ3ldEzC3PMvmISBhHs6A3SWHA9lnInHbToLX/SWqBHLOX78HkPRaG2k0COHpRy+fG9gvz8HCiQaXCbWNFDHZev9OToNIxhXBVzIa3AgUnGMalCYZuh5AfVRCEeALG60kxMMC8IoAN7+HG+pMdqAhJxGUcMO0LBvmTGGeWhi04MUZWfOkwn9JjQZuyLg6B1OD4Y6s0LB2P1MovmSJKGY4JcF8Qu3zxxUbl7Bh9pvzFR5gJN1pjM2n3gJEPw==",
    rsa1024: 3,
  },
  "ca-west-1": {
    partition: "aws",
    rsa2048:
      "1GP5os424BJmGPCKOSgOclP7lzUiB85du03M4hfjzSOszsBpmBGFDLz1owYHtIxlq3+Vi1Lt5Qlx3id/ov1QyaBPFWXVeklHVXy9vieCcI3TdjGjTl1W/8MMm3X26QPcsnHM/Kk2wJ7s186MrqmdSsp3SCPpxv4vEG2Q9yR2bXY41hpc2rWlW8qUD0JGXluvmmAdFnto20l1XWZ6xFen1h60DRugek/ufCbN+ljKy0xLqPoavH0YbjsbUpsAsBs7phaoN+X/5hIERfbp5LfVnqq54pNG5KNu4KynfW9+kA/WS4cJ6FTTN5t+y0P1HvcL+BL2RuDy6T2bB21xw5WqtQ==",
    rsa1024: 10,
  },
  "cn-north-1": {
    partition: "aws-cn",
    rsa2048:
      "vVBz+WQNdPiM9S+aUULOQEriTmNDUrjLWLr7SfaOJScBzis5D5ju0jh1+qJdkbuGKtFX5OTWTm8pWhInX+hIOoS3exC4BaANoa1A3o6quoG+Rsv72qQf8LLHsgEi6+LMlCN9TwnRKOToEabmDKorss4zFl7VSsbQJwcBSfOcIwbdRRaW9Ab6uJHu79L+mBR3Ea+G7vSDrVIA8goAPkae6jY9WGw9KxsOrcvNdQoEkqRVtHo4bs9fMRHUEtphj2gh4ObXlFN92VtvzD6QBs3CcoFWgyWGvzg+dNG5VCbsiiuRdmii3kcijZ3HNv1wCcZoEAqH72etVhsuvNRC/xAP8w==",
    rsa1024: 11,
  },
  "cn-northwest-1": {
    partition: "aws-cn",
    rsa2048:
      "sOiGi4A6+YTLzCdIyP8b8SCT2M/6PGKwzKJ5XbSBoL3gsnSWiFYqPg9cuJPNbiy9wSA9vlyfWMd90qvTfiNrT6vewP813QdJ3EENZOx4ERcf/Wd22tV72kxDyw1Q3I1OMH4bOItGQAxU5OtXCjBZEEUZooOkU8RoUQOU2Pql4NTiUpzWacNutAn5HHS7MDc4lUlsJqbN+5QW6fFrcNG/0Mrib3JbwdFUNhrQ5j+Yq5h78HarnUivnX/3Ap+oPbentv1qd7wvPJu556LZuhfqI0TohiIT1Ah+yUdN5osoaMxTHKKtf/CsSJ1Fw3qXqFJQA0VWsqjFyHXFI32I/GOupw==",
    rsa1024: 11,
  },
  "eu-central-1": {
    partition: "aws",
    rsa2048:
      "ka8FLhxs1cSJGK+Q+q/vTf8zVnDAPZ3U6oqppOW/cupCtpwMAQcky8DYYb62GF7+C6usniaq/9W6xPn/3o//wti0cNt6MLsiUeHqNl5H/4U/Q/fR+GA8pJ+LnpqZDG2tFi1WMvvGhGgIbScrjR4VO3TuKy+rZXMYvMRk1RXZ9gPhk6evFnviwHsEjV5AEjxLz3duD+u/SjPp1vloxe2KuWnyC+EKInnka909sl4ZAUh+qIYfZK85DAjmGJP4W036E9wTJQF2hZJrzsiB1MGyC1WI9veRISd30izZZL6VVXLXUtHwVHnVASrSzZDVpzj+3yD5hRXsvFigGhY0FCVFnw==",
    rsa1024: 3,
  },
  "eu-central-2": {
    partition: "aws",
    rsa2048:
      "yn+Lsnq1ykrfYlZkk6aAAYNReNd9Iw8AUwCBkgOr2eBiBBepYxHwU85N++moQ+j0EV2VaahBeTLShGZZS1HsyK8+cYT2QzpghIoamcYhrPXyIxlWiRQlaqSgOFiE9bsqL3rCF5Vz+tOiTe5W/7ojfOFls6++g7ZpobwJlpMbuJepqyeHMPyjvO5Aage81lJewc4bxo2ntaW0HCqNksqfYB78j6X6kn3PFpX7FaYAwZA+Xx6C7UCY7rNiUdQzfAo8htfJi4chz7frpUdQ9kl3IOQrsLshBB5fFUjl09NiFipCGBwi+8ZMeSn15qwBI01BWXPfG7WX6Owyjhmh6JtE1w==",
    rsa1024: 12,
  },
  "eu-north-1": {
    partition: "aws",
    rsa2048:
      "zwCGJEJIxqtr2PD2a1mA6LhRzKhTBa1AZsg3eYfpETXIVlrpojMfvVoNqHvGshWLgrGTT6os/3gsaADheSaJKavxwX3X6tJA8fvEGqr3a1C1MffH9hBWbQqCLbfUTAbkwis4GdTUwOwPjT1Cm3u9R/VzilCNwkj7iQ65AFAI8Enmsw3UGldEsop4yChKB3KW3WI0FTh0+gD0YtjrqqYJxpGOYBpJp5vwdd3fZ4t1vidmDMs7liv4f9Bxp0oSmUobU4GUlFhBchK1DukICVQdnOVzdMonYm7s+HtpFbVHR8yf6QoixBKGdSalmBf7+y0ixjCn0pnC0VLVooGo4mi17Q==",
    rsa1024: 3,
  },
  "eu-south-1": {
    partition: "aws",
    rsa2048:
      "v1ZLV+Z/P6INq+R1qLkzETBg7sFGKPiwHekbpuB6lrRxKHhj8V9vaReMlnv1Ur5LAPpMPYDsuJ4WoUbPYAqVqyMAo7ikJHCCM1cXgZJefgN6z9bpS+uA3YVhV/0ipHh/X2hc2S9wvxKWiSHu6Aq9GVpqL035tJQD+NJuqFd+nXrtcw4yGtmvA6wl5Bjn8WdsP3xOTKjrByYY1BhXpP/f1ohU9jE9dstsRXLa+XTgTPWcWdCS2oRTWPGRc5Aeh47nnDsyQfP9gLxHeYeQItV/BD9kU/2Hn6mnRg/B9/TYH8qzlRTzLapXp4/5iNwusrTNexGl8BgvAPrfhjDpdgYuTw==",
    rsa1024: 13,
  },
  "eu-south-2": {
    partition: "aws",
    rsa2048:
      "uAAhuSpsHC00/fD2zNlBDpNLRndi9qbHsNeuz3WqN7Samj2aSrM2hS+ihUxx0BspZj0tZCOsbpPZ+i74NOEQtFeqQoEGvKhB1nJiF4y5I81HDhs5qHvoIivm7rbbik3zgm1PqS/DmDjVQaXPcD31Rd9ILwBmWEwJqHigyNVlxYtCzTQcrlBrvNZMdnNgCDAdX/HBEFxx9O12xeu0bSt0s+PJWZ1RTbYrNe7LIH6ntUqHxP/ziQ5trXEZuqy7aWk1L8uK4jmyNph0lbaqBa3Y6pYmU1nC27UE4i3fnPB0LSiAr+SrwVvX1g4zilo8kr+tbIF+JmcgYLBvO8Jwp+EUqQ==",
    rsa1024: 14,
  },
  "eu-west-1": {
    partition: "aws",
    rsa2048:
      "jE7nVu+aHLtzp9FYV25Qs1mvJ1JXD7J0iQ1Gs/RirW9a5ZECCtc4ssnfzQHq2JRVr0GRchvDrbm1HaP/avtFQR/Thvfltwu9AROVT22dUOTvERdkNzveoFCyhf52Rqf0DMrLXG8ZmQPPXPDFAv+sVMWCDftcChxRYZ6mP9O+TpgYNT1krD5PdvJU7HcXrkNHDYqbsg8A+Mu2hzl0QkvUET83Csg1ibeK54HP9w+FsD6F5W+6ZSHGJ88lFI+qYKs7xsjJQYgXWfEt6bbckWs1kZIaIOyMzYdPF6ClYzEec/UhIe/uJyUUNfpTVIsI5OltBbcPF4c7Y20jOIwwI2SgOQ==",
    rsa1024: 3,
  },
  "eu-west-2": {
    partition: "aws",
    rsa2048:
      "rYS3mJLGaMrh2DmiPLbqr4Z+xWXTzBWCjOwpsuHE9H6dWUUyl2Bgnu+Zd8QvW306Yleec45M4F2RA3J4hWHtShzsMlOJVRt+YulGeTf9OCPr26QmIFfs5nD4fgsJQEry2MBSGA9Fxq3Cw6qkWcrOPsCR+bHOU0XykdKl0MnIbpBf0kTfciAupQEAdEHnM2J1L2iI0NTLBgKxy5PXLH9weX20BFauNmHH9/J07OpwL20SN5f8TxcM9+pjLbk8h1V4KdIwVQpdWkbDL9BCGlYjyadQJxSxz1J343NzrnDM0M4h4HtVaKOS7bQoBqt2ruopLRCYgcuFHck/1348iAmbRQ==",
    rsa1024: 3,
  },
  "eu-west-3": {
    partition: "aws",
    rsa2048:
      "y5V7KDqnEvF3DrSProFcgu/oL+QYD62b1U+Naq8aPuljJe127Sm9WnWAEBdOSASkOaQ9fzjCPoG5SGgWKxYoZjsevHpmzjVv9+Ci+F57bSuMbjgUbvbRIFUBbxQojVoXQPHgK5v433ODxkQ4sjRyUbf4YV1AFdfU7zabC698YgPVOExGhXPlTvco8mlc631ubw2g52j0lzaozUkHPSbknTomhQIvO6kUfX0e0TDMH4jLDG2ZIrUB1L4rOWKG4KetduFrRZyDHF6ILZu+s6ywiMicUd+2UllDFC6oas+a8D11hmO/rpWU/ieVjj4rWAFrsebpn+Nhgy96iiVUGS2LuQ==",
    rsa1024: 3,
  },
  "eusc-de-east-1": {
    partition: "aws-eusc",
    rsa2048:
      "r24OkDrpRU1ffx1PAcHZbKu7fZkhfT/e/PDhSkp2FvOzJEqDUT23E2wpK/44mhJ3d8blYtgBiRXjqRsAFu8ZbzXLc0gaQ9A5woxfx5b7iOMwneCajS9xS5qrcE0MMEY9XwG8MCp9YBoDJqDJh74oQqcPROBq16L4k2Ys22n1khus4JpwT7VSRE1Innt7fGIYsUmNGM+T2E6ubG3FvkY0HbLvNCcGRMCnDYqloo2BthuSG58KbMAku7VDhMxzzJte5yMuRpHBojQr9N0hZcSJCtSFo6FhlxCzxGzwoSKzqm99ULYL4lf+IOReDaKoATZJvbnX0LYAKLtPr1Pz9SD9pQ==",
    rsa1024: 15,
  },
  "il-central-1": {
    partition: "aws",
    rsa2048:
      "13PkyWvl61iV/SYfO1UFO76UpDfPm2SF/Rz/o33cm699X++EYPxTnoEcvmWeS0I7eDXc4OCUiToG0sEx0klE0CX1Z1tK6qJ+zgWQLZ9SZEC9H0NsSA6LhrHuNq0dzeK3LjhdfcX46/4GqdiptpdTuM4m/hOQ5yx4JMQ/n1sdpv4M5VLRWwWW9Lemufb79Id7O9SispxgRsz1KXIjp7N9S4BY7itSXz97uSyzTqEjWZ6mDUhTu3t21GKC6flALGTTrG2yghEhz53rkvLsvwzjPSSlT6LIf0mrRPzHaf+EdaKoasElE1SHh+ZH9mI81HywpE+HZ+W+5hBCvjYp90Y1fw==",
    rsa1024: 16,
  },
  "me-central-1": {
    partition: "aws",
    rsa2048:
      "pybTWfMOhSoMpqPo72eqAmnn1dXGZM+G8EoZXzwHwT/+IHEXNB4q5N6ktudYLre1bJxuzEw+iProSHjmb9bB9YscRTofjVhBlt35Fc+i8BaMeH94SR/eE8QOmll8gnLNW3d62lyuhzuyv1e5wVlRqzYw+X2zRH4/wRDOCOpzjKoHIgyPKsMgwsw5aTZhNMsGxZN9dbkf0iCGeQLDytwU/JTh/HqvSr3VfUOapTJJiyAxoCtZWgp1/7wCRvOCSMRJobpUqxZgl/VsttwNkikSFz1wGkcYeSQvk+odbnYQckA8tdddoVI56eD4qtREQvfpMAX5v7fcqLexl5d5vH8uZQ==",
    rsa1024: 17,
  },
  "me-south-1": {
    partition: "aws",
    rsa2048:
      "y4Vnit2eBpEjKgOKBmyupJzJAiT4fr74tuGJNwwa+Is2vH12jMZn9Il1UpvvEUYTIboIgISpf6SJ5LmV5rCv4jT4a1Wm0kjfNbiIlkUi8SxZrPypcw24m6keBVuxQZrZDs+xDUYIZifTmdgD50u5YE+TLg+YmXKnVgxBU6WZjbuK2INohi71aPBw2zWUR7Gr/ggIpf635JLU3KIBLNEmrkXCVSnDFlsK4eeCrB7+UNak+4BwgpuykSGGOp9+2vsuNqFeU1l9daQeG9roHR+4rIWSPa0opmMxv5nctgypOrE6zKXx2dNXQlddVULv+WH7s6Vm4+yBeG8ctPYH5GOo+Q==",
    rsa1024: 18,
  },
  "mx-central-1": {
    partition: "aws",
    rsa2048:
      "13xWucALo8M/TXbZJgHrqFqFON91dSLPE/eLbmeIJbP1pb9ICd33qKAxHlKSrXI9b9YS3U1Pl0bF3ZgfeE/x4Y0KDDZwzpf07H8IgRittULJoNLYVKCJXWPqKy1qvDJX3653dUbUu9eAdVCTRgk7eKpPBLAmW27+pgAGzEYrVV3u2AvqNTonvfTUsPgEVnAL1J490pNM85KtFynxFTWGigHkd3BHidxmLrTH4I4eRxNZ9q/3gsDW+zKtjQlpM7JzZa2OqxsF5YQDh1fF52Emqsr+ufLeGqDLOgT1QWcqpz57AX8GqZpgZULoitCRNXbQDzZY9FxIgpiFJv3y/qYYDQ==",
    rsa1024: 19,
  },
  "sa-east-1": {
    partition: "aws",
    rsa2048:
      "w45IhGZVbQcy1fHBqzROhO8CsrDzxj/WP4cRbJo/2DAnimVrCCDs5O86FA39Zo1xsDuJHDlwMKqeXYXkJXHYbcPWc6EYYAnR+PlLG+aNSOGUzsy202S03hT0B20hWPCqpPp39itIRhG4id6nbNRJOzLm6evHuepMAHR4/OV7hyGOiGaV/v9zqiNApMCLhbh2xk0PO35HCVBuWt3HUjsgeks2eEsu9Ws6H3JXTCfiqp0TjyRWapM29OhAcRJfJ/d/+wBTz1fkWOZ7TF+EWRIN5ITEadlDTPnF1r8kBRuDcS/lIGFwrOOHLo4CcKoNgXkhTqDDBDu6oNBb2rS0K+sz3Q==",
    rsa1024: 3,
  },
  "us-east-1": {
    partition: "aws",
    rsa2048:
      "jS2vqZu9mEOhOq+0bRpAbCUiapbZMFNQqRg7kTlr7Cf+gDqXKpHPjsngSfNz+JHQd8WPI+pmNs+q0Z2aTe23klmf2U52KH9/j1k8RlIbap/yFibFTSedmegXE5r447GbJRsHUmuIIfZTZ/oRlpuIIO5/Vz7SOj22tdkdY2ADp7caZkNxhSP915fk2jJMTBUOzyXUS2rBU/ulNHbTTeePjcEkvzVYPahD30TeQ+/A+uWUu89bHSQOJR8hUm4cFApzZgN3aD5j2LrSMu2pctkQwf9CaWyVznqrsGYjYOY66LuFzSCXwqSnFBfvfFBAFsjCgY24G2DoMyYkF3MyZlu+rw==",
    rsa1024: 3,
  },
  "us-east-2": {
    partition: "aws",
    rsa2048:
      "6v6kGMnRmFDLxBEqXzP4npnL65OO0kmQ7w8YXQygSdmNIoScGSU5wfh9mZdcvCxCdxgALFsFqPvH8fqiE9ttI0fEfuZvHOs8wUsIdKr0Zz0MjSx3cik4tKETch0EKfMnzKOgDBavraCDeX1rUDU0Rg7HFqNAOry3uqDmnqtk00XC9GenS3z/7ebJfIBEPAam5oYMVFpX6M6St77WdNE8wEU8SuerQughiMVx9kMB07imeVHBiELbMQ0NlwSWRL/61fA02keGSTfSp/0m3u+lesf2VwVFhqIJs+JbsEscPxOkIRlzy8mGd/JVONb/DQpTedzUKLgXbw7KtO3HTG9iXQ==",
    rsa1024: 3,
  },
  "us-gov-east-1": {
    partition: "aws-us-gov",
    rsa2048:
      "va9xsI9237KYb/SPWmeCVzi7giKNron8hoRDwlwwMC9+uHPd53UxzKLbpTgtJWAPkZVxEdl2Gdhwr3SULoKcKmkqE6ltVFrVuPT33La1UufguT9k8ZDDuO9ChQNHUdSVEuVrK3bLjaSsMOS7Uxmnn7lYT990IReowvnBNBsBlcabfQTBV04xfUG0/m0XUiUFjOxDBqbNzkEIblW7vK7ydSJtFMSljga54UAVXibQt9EAIF7B8k9l2iLamu9yEjyQy+ZQICTuAvPUEWe6va2CHVY9gYQLA31/zU0VBKZPTNExjaqK4j8bKs1/7dOV1so39sIGBz21cUBec1o+yCS5Sw==",
    rsa1024: 20,
  },
  "us-gov-west-1": {
    partition: "aws-us-gov",
    rsa2048:
      "zIcGTzNqie3f1olrrqcfzGfbymSM2QfbTzDIOG6xXXeFrCDAmOq0wUhi3fRCuoeHlKOWAPu76B9os71+zgF22dIDEVkpqHCjBrGzDQZXXUwOzhm+PmBUI8Z1qvbVD4ZYhjCujWWzrsX6Z4yEK7PEFjtf4M4W8euw0RmiNwjy+knIFa+VxK6aQv94lW98URFP2fD84xedHp6ozZlr3+RZSIFZsOiyxYsgiwTbesRMI0Y7LnkKGCIHQ/XJOwSISWaCddbu59BZeADnyhl4f+pWaSQpQQ1DpXvZAVBYvCH97J1oAxLfH8xcwgSQ/se3wtn095VBt5b7qTVjOvy6vKZazw==",
    rsa1024: 20,
  },
  "us-west-1": {
    partition: "aws",
    rsa2048:
      "pHQGvHvq3SVCzDrC7575BW7GWLzcj8CLqYcL3YY7Jffupz7OjcftO57Z4fo5Pj0CaS8DtPzh8+8vdwUSMbiJ6cDd3ooio3MnCq6DwzmsY+pY7CiI3UVG7KcH4TriDqr1Iii7nB5MiPJ8wTeAqX89T3SYaf6Vo+4GCb3LCDGvnkZ9TrGcz2CHkJsjAIGwgopFpwhIjVYm7obmuIxSIUv+oNH0wXgDL029Zd98SnIYQd/njiqkzE+lvXgk4h4Tu17xZIKBgFcTtWPky+POGu81DYFqiWVEyR2JKKm2/iR1dL1YsT39kbNg47xYaR129sS4nB5Vw3TRQA2jL0ToTIxzhQ==",
    rsa1024: 3,
  },
  "us-west-2": {
    partition: "aws",
    rsa2048:
      "02Y59qtAA0a6uzo7nEQcnJ26OKF+LRPwZfixBH+EbEN/Fx0gYy1jpjCPs5+VRNg6/WbfqAsV6X2VSjUKN59ZMnMY9ALA/Ipz0n00Huxj38EBZmX/NdNqKm7CqWu1q5kmIvYjKGiadfboU8wLwLcHo8ywvfgI6FiGGsEO9VMC56E/hL6Cohko11LWdizyvRcvg/IidazVkJQCN/4zC9PUOVyKdhW33jXy8BTg/QH927QuNk+ZzD7HH//ytIYxDhR6TIZsSnRjz3bOcEHxt1nsidc65mY0ejQty4hy7ioSiapw316mdbtE+RTNfcH9FPIFKQNBpiqfAW5Ebp3Lal3/+w==",
    rsa1024: 3,
  },
};
